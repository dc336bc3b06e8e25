import type { Principal } from "./principal.js";

interface Entry {
  readonly principal: Principal;
  readonly untilMs: number;
}

/**
 * Verified credentials by their whole text, so that a caller's next request costs a lookup and no signature. What is
 * looked up again stays; the rest leaves: two generations instead of a list in order of use, since a hit in the young
 * one, as most are, then changes nothing.
 */
export class TokenCache {
  readonly #generationSize: number;
  readonly #maxTokenLength: number;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  /** @param maxEntries 0 turns the cache off. @param maxTokenLength in characters; longer ones are not kept. */
  constructor(maxEntries: number, maxTokenLength: number) {
    this.#generationSize = Math.ceil(maxEntries / 2);
    this.#maxTokenLength = maxTokenLength;
  }

  /** The principal of credentials that were verified and have not ended at `nowMs`. */
  get(token: string, nowMs: number): Principal | undefined {
    let entry = this.#young.get(token);
    if (entry === undefined) {
      entry = this.#old.get(token);
      if (entry === undefined) return undefined;
      this.#old.delete(token);
      if (nowMs < entry.untilMs) this.#put(token, entry);
    }
    if (nowMs < entry.untilMs) return entry.principal;
    this.#young.delete(token);
    return undefined;
  }

  set(token: string, principal: Principal, untilMs: number): void {
    if (this.#generationSize === 0 || token.length > this.#maxTokenLength) return;
    this.#put(token, { principal, untilMs });
  }

  /** Entries held, expired ones included: at most the `maxEntries` of the constructor, rounded up to even. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #put(token: string, entry: Entry): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, entry);
  }
}
