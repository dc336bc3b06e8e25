import type { Shape } from "../wire/check.js";
import { Reader } from "../wire/reader.js";
import { Code, PorticoError } from "./error.js";
import { checkFields, type FieldCaller } from "./field-policy.js";

type Result<T> = IteratorResult<T, undefined>;
const over: Result<never> = { done: true, value: undefined };

/**
 * The requests of a public stream, opened for reading one after the other. Iterates over all of them, the first too
 * where it has been looked at before. For one reader.
 */
export class Requests implements AsyncIterableIterator<Reader, undefined> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #shape: Shape | undefined;
  readonly #caller: FieldCaller;
  /** What policies read as `request`. */
  #opened: Reader | undefined;
  #first: Promise<Result<Reader>> | undefined;
  /** Whether the first request has been waited for. */
  hasFirst = false;
  /** The first request, once it is there and was waited for. */
  opened: Reader | undefined;

  /** @param shape what each request is checked against, where what is made of it does not read all of it. */
  constructor(requests: AsyncIterable<Uint8Array>, shape: Shape | undefined, caller: FieldCaller) {
    this.#caller = caller;
    this.#source = requests[Symbol.asyncIterator]();
    this.#shape = shape;
  }

  /** Waits for the first request. A stream that ends without any is INVALID_ARGUMENT. */
  async first(): Promise<Reader> {
    this.#first = this.#next();
    const { done, value } = await this.#first;
    if (done) throw new PorticoError(Code.INVALID_ARGUMENT, "the stream has no request");
    this.hasFirst = true;
    this.opened = value;
    return value;
  }

  next(): Promise<Result<Reader>> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#next();
  }

  async return(): Promise<Result<Reader>> {
    await this.#source.return?.();
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<Result<Reader>> {
    const { done, value } = await this.#source.next();
    if (done) return over;
    const request = new Reader(value, "");
    this.#opened ??= request;
    if (this.#shape !== undefined) checkFields(this.#caller, request, this.#shape, this.#opened);
    return { done: false, value: request };
  }
}

/**
 * Requests as an upstream takes them, each written from one of `source`. When one cannot be had or written, `onFailure`
 * hears of it before the upstream does: it is the cause of all that follows.
 */
export class OutgoingRequests<T> implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #source: AsyncIterator<T>;
  readonly #write: (request: T) => Uint8Array;
  readonly #onFailure: (thrown: unknown) => unknown;
  #first: Promise<Result<Uint8Array>> | undefined;

  constructor(
    source: AsyncIterable<T>,
    write: (request: T) => Uint8Array,
    onFailure: (thrown: unknown) => unknown,
  ) {
    this.#source = source[Symbol.asyncIterator]();
    this.#write = write;
    this.#onFailure = onFailure;
  }

  /** Waits until the first request is written, or the end: so that nothing is called for what is wrong from the start. */
  async prepare(): Promise<void> {
    this.#first = this.#next();
    await this.#first;
  }

  next(): Promise<Result<Uint8Array>> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#next();
  }

  async return(): Promise<Result<Uint8Array>> {
    await this.#source.return?.();
    return over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<Result<Uint8Array>> {
    try {
      const { done, value } = await this.#source.next();
      return done ? over : { done: false, value: this.#write(value) };
    } catch (thrown) {
      throw this.#onFailure(thrown);
    }
  }
}
