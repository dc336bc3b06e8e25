import type { PorticoError } from "../call/error.js";

type Result = IteratorResult<Uint8Array, undefined>;
const over: Result = { done: true, value: undefined };

/**
 * The requests of a public stream, as a handler takes them: one is read from the client when one is asked for. For one
 * reader, that waits for one request at a time.
 */
export class RequestStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #pull: () => void;
  #reader: { resolve: (result: Result) => void; reject: (failure: PorticoError) => void } | undefined;
  #ended = false;
  #failure: PorticoError | undefined;

  /** @param pull asks for one request: `push` or `end` answers, at once or later. */
  constructor(pull: () => void) {
    this.#pull = pull;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(over);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#pull();
    });
  }

  /** The reader wants no more. */
  return(): Promise<Result> {
    this.end();
    return Promise.resolve(over);
  }

  /** Gives the request that was asked for. */
  push(request: Uint8Array): void {
    this.#take()?.resolve({ done: false, value: request });
  }

  /** There are no more requests. */
  end(): void {
    this.#ended = true;
    this.#take()?.resolve(over);
  }

  /** The call is over: whoever waits for a request hears why. */
  fail(failure: PorticoError): void {
    if (this.#ended) return;
    this.#failure = failure;
    this.#take()?.reject(failure);
  }

  #take() {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }
}
