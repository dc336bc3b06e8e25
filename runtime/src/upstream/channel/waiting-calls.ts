import type { Code } from "../../grpc/code.js";
import type { Connection } from "./connection.js";

/** A call that needs a connection. */
export interface PendingCall {
  /** Bytes that it holds while it waits. */
  readonly heldBytes: number;
  /** Here is one, which takes a call now. */
  send(connection: Connection): void;
  /** There is none, and it is not to wait any longer. */
  fail(code: Code, text: string): void;
}

const MOST_CALLS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
const FOREVER_MS = 2 ** 31 - 1;

/** The calls that wait for a connection, in order. As long as there are any, the process does not end by itself. */
export class WaitingCalls {
  readonly #calls = new Set<PendingCall>();
  #bytes = 0;
  // A process is not to end because all that it waits for are timers that do not keep it.
  #holder: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#calls.size;
  }

  /** False if there are too many already. */
  add(call: PendingCall): boolean {
    if (this.#calls.size >= MOST_CALLS || this.#bytes + call.heldBytes > MOST_BYTES) return false;
    this.#calls.add(call);
    this.#bytes += call.heldBytes;
    this.#holder ??= setInterval(() => {}, FOREVER_MS);
    return true;
  }

  /** Does nothing if it does not wait. */
  delete(call: PendingCall): void {
    if (!this.#calls.delete(call)) return;
    this.#bytes -= call.heldBytes;
    if (this.#calls.size > 0) return;
    clearInterval(this.#holder);
    this.#holder = undefined;
  }

  /** Takes all out. */
  takeAll(): PendingCall[] {
    const calls = [...this.#calls];
    for (const call of calls) this.delete(call);
    return calls;
  }

  /** May be changed meanwhile. */
  [Symbol.iterator](): IterableIterator<PendingCall> {
    return this.#calls.values();
  }
}
