import type { Principal } from "../auth/principal.js";
import { now as clock, type Timestamp } from "../cel/time.js";
import { type Method, type Upstream, type UpstreamContext, UpstreamError } from "../upstream/upstream.js";
import { Reader } from "../wire/reader.js";
import { Writer } from "../wire/writer.js";
import { Code, PorticoError, toPorticoError } from "./error.js";
import { fetchJoins } from "./fetch.js";
import type { Lookup, Rows } from "./join.js";
import type { Limits } from "./limits.js";
import { type PublicErrorContext, publicErrorOf } from "./public-error.js";

/** What a public call is made of; the front builds it once the caller is admitted. */
export interface CallInit {
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly requestId: string;
  /** When the call ends at the latest, in milliseconds of `Date.now()`. */
  readonly deadlineMs: number;
  /** Undefined on a public method that was called without credentials. */
  readonly principal: Principal | undefined;
  /** Sent with every upstream call: trace context, request id, listed headers. */
  readonly metadata: ReadonlyArray<readonly [string, string]>;
  /** What the gateway was started with, for expressions: `config`. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** Told of every upstream failure, with the internal text. */
  readonly onUpstreamError?: (failure: unknown, method: Method) => void;
}

/**
 * One public call under way: its deadline, cancellation, principal, and its account of upstream calls. Generated
 * handlers make all upstream calls through it.
 *
 * The first failure ends the call: all that is under way is cancelled and rejects with that same failure, so that a
 * client sees the cause and not the cancellations that follow from it.
 */
export class Call {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly principal: Principal | undefined;
  readonly limits: Limits;
  /** See CallInit. */
  readonly metadata: CallInit["metadata"];
  readonly config: NonNullable<CallInit["config"]>;
  /** Upstream calls made so far. */
  upstreamCalls = 0;

  readonly #init: CallInit;
  // Made when first needed: many calls never have a listener more, or a step that waits.
  #listeners: Set<() => void> | undefined;
  #waiting: Array<() => void> | undefined;
  #failure: PorticoError | undefined;
  #inFlight = 0;
  #upstreamBytes = 0;
  #callsInBudget = 0;

  constructor(init: CallInit) {
    this.#init = init;
    this.requestId = init.requestId;
    this.deadlineMs = init.deadlineMs;
    this.principal = init.principal;
    this.limits = init.limits;
    this.metadata = init.metadata;
    this.config = init.config ?? {};
  }

  /** Why the call ended early, if it did. */
  get failure(): PorticoError | undefined {
    return this.#failure;
  }

  /** Listeners to its end that are waiting. None are when all its upstream calls are over. */
  get listeners(): number {
    return this.#listeners?.size ?? 0;
  }

  /** Ends the call early: everything under way is cancelled. Only the first failure counts. */
  cancel(failure: PorticoError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) for (const wake of waiting) wake();
  }

  /** See UpstreamContext.onCancel. */
  onCancel(listener: () => void): () => void {
    if (this.#failure !== undefined) {
      listener();
      return () => {};
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** Makes one upstream call. `timeoutMs` shortens the call's own deadline. */
  unary(method: Method, request: Uint8Array, timeoutMs?: number): Promise<Uint8Array> {
    return this.#unary(method, request, timeoutMs, undefined);
  }

  /** As `unary`; a failure with the code `expected` is an answer like any other, and no trouble to tell of. */
  async #unary(
    method: Method,
    request: Uint8Array,
    timeoutMs: number | undefined,
    expected: number | undefined,
  ): Promise<Uint8Array> {
    await this.#start();
    const context = this.#context(timeoutMs);
    let reply: Uint8Array;
    try {
      reply = await this.#init.upstream.unary(method, request, context);
    } catch (thrown) {
      // Its place is given on a moment later: most failures end the whole call, and then nothing more is started.
      setImmediate(() => this.#end());
      throw this.#failed(thrown, method, context, expected);
    }
    this.#end();
    this.#account(reply, method);
    return reply;
  }

  /** The time of the clock when an expression first asked: one call sees one time. */
  now(): Timestamp {
    this.#now ??= clock();
    return this.#now;
  }
  #now: Timestamp | undefined;

  /** Opens the public request for reading; malformed bytes in it are INVALID_ARGUMENT. */
  input(request: Uint8Array): Reader {
    return new Reader(request, "");
  }

  /** A writer for the public response (or one message of a stream), bounded. */
  output(): Writer {
    return new Writer(this.limits.maxResponseBytes);
  }

  /** A writer for the request of an upstream call. */
  requestWriter(): Writer {
    // Larger than any public request may be, since `set` may add to it.
    return new Writer(this.limits.maxUpstreamMessageBytes);
  }

  /** Makes one upstream call with the request that `build` writes, and opens its reply for reading. */
  async read(method: Method, build: (w: Writer) => void, timeoutMs?: number): Promise<Reader> {
    const w = this.requestWriter();
    build(w);
    return new Reader(await this.unary(method, w.finish(), timeoutMs), method.path);
  }

  /** Opens one upstream stream with the request that `build` writes; each message is opened for reading. */
  async *readStream(
    method: Method,
    build: (w: Writer) => void,
    timeoutMs?: number,
  ): AsyncGenerator<Reader, void> {
    const w = this.requestWriter();
    build(w);
    for await (const message of this.serverStream(method, w.finish(), timeoutMs)) {
      yield new Reader(message, method.path);
    }
  }

  /** One call of a join. */
  async readJoin(lookup: Lookup, request: Uint8Array): Promise<Reader> {
    // Asked for one thing by its key, an upstream says NOT_FOUND for "none".
    const expected = lookup.mode === "each" ? Code.NOT_FOUND : undefined;
    const reply = await this.#unary(lookup.method, request, lookup.timeoutMs, expected);
    return new Reader(reply, lookup.method.path);
  }

  /** What a join's `set` writes, for `RowsOptions.set`. */
  encode(set: (w: Writer) => void): Uint8Array {
    const w = this.requestWriter();
    set(w);
    return w.finish();
  }

  /** Fetches what the rows of these joins ask for. If that fails, the whole call does: no batch is left behind. */
  async join(...joins: Rows[]): Promise<void> {
    try {
      await fetchJoins(this, joins);
    } catch (thrown) {
      throw this.#fail(thrown);
    }
  }

  /** Opens one upstream stream; it counts as one call. */
  async *serverStream(
    method: Method,
    request: Uint8Array,
    timeoutMs?: number,
  ): AsyncGenerator<Uint8Array, void> {
    await this.#start();
    const context = this.#context(timeoutMs);
    try {
      for await (const message of this.#init.upstream.serverStream(method, request, context)) {
        // The budget is per message of a stream: what has been sent on is no longer held.
        this.#upstreamBytes = 0;
        this.#callsInBudget = 0;
        this.#account(message, method);
        yield message;
      }
    } catch (thrown) {
      throw this.#failed(thrown, method, context);
    } finally {
      this.#end();
    }
  }

  /**
   * Starts a step of a method whose steps run side by side. If it fails, the whole call does: whoever awaits any
   * step of the call gets the failure that came first.
   */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = step().catch((thrown: unknown) => {
      throw this.#fail(thrown);
    });
    // The handler awaits its steps one after the other; a step that fails meanwhile is not "unhandled".
    result.catch(() => {});
    return result;
  }

  /** Ends the call by what was thrown; gives the first failure, which may be another. */
  #fail(thrown: unknown): PorticoError {
    const failure = toPorticoError(thrown);
    this.cancel(failure);
    return this.#failure ?? failure;
  }

  async #start(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    // Reserved before any wait, so that calls that start together cannot pass the bound together.
    this.upstreamCalls++;
    this.#callsInBudget++;
    if (this.#callsInBudget > this.limits.maxCalls) {
      throw new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too many upstream calls");
    }
    if (this.#inFlight < this.limits.maxConcurrentCalls) {
      this.#inFlight++;
      return;
    }
    // A call that ends hands its place to the first that waits; cancel() wakes all of them.
    await new Promise<void>((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  #end(): void {
    const next = this.#waiting?.shift();
    if (next === undefined) this.#inFlight--;
    else next();
  }

  #context(timeoutMs: number | undefined): UpstreamContext & PublicErrorContext {
    const own = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
    return {
      deadlineMs: Math.min(this.deadlineMs, own),
      publicDeadlineMs: this.deadlineMs,
      maxResponseBytes: this.limits.maxUpstreamMessageBytes,
      metadata: this.#init.metadata,
      onCancel: (listener) => this.onCancel(listener),
    };
  }

  #failed(thrown: unknown, method: Method, context: PublicErrorContext, expected?: number): PorticoError {
    // Cancelled by us: the first failure is the cause.
    if (this.#failure !== undefined) return this.#failure;
    if (thrown instanceof PorticoError) return thrown;
    const isExpected = thrown instanceof UpstreamError && thrown.code === expected;
    if (!isExpected) this.#init.onUpstreamError?.(thrown, method);
    return publicErrorOf(thrown, context);
  }

  #account(reply: Uint8Array, method: Method): void {
    this.#upstreamBytes += reply.byteLength;
    if (this.#upstreamBytes > this.limits.maxUpstreamBytes) {
      const failure = new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too much upstream data");
      this.#init.onUpstreamError?.(failure, method);
      throw failure;
    }
  }
}
