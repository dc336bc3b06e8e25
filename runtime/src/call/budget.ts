import { Code, PorticoError } from "./error.js";
import type { Limits } from "./limits.js";

/**
 * What a public request may still cost: upstream calls, and bytes of their replies. Of a stream each message has its
 * own; some that share their calls have theirs together.
 */
export class Budget {
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  #calls = 0;
  #bytes = 0;

  /** @param messages how many messages share it. */
  constructor(limits: Limits, messages = 1) {
    this.#maxCalls = limits.maxCalls * messages;
    this.#maxBytes = limits.maxUpstreamBytes * messages;
  }

  /** Takes one call; throws RESOURCE_EXHAUSTED if none is left. */
  takeCall(): void {
    if (++this.#calls > this.#maxCalls) {
      throw new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too many upstream calls");
    }
  }

  /** Takes bytes; throws RESOURCE_EXHAUSTED if not so many are left. */
  takeBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) {
      throw new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too much upstream data");
    }
  }
}
