import { type FieldPolicy, mayHave } from "../auth/policy.js";
import type { Principal } from "../auth/principal.js";
import { beginWalk, walk } from "../cel/budget.js";
import { now as clock, type Timestamp } from "../cel/time.js";
import type { Resolvers } from "../resolve/resolver.js";
import { type Method, type Upstream, type UpstreamContext, UpstreamError } from "../upstream/upstream.js";
import type { Shape } from "../wire/check.js";
import { Reader } from "../wire/reader.js";
import { Writer, type WrittenFields } from "../wire/writer.js";
import { Budget } from "./budget.js";
import { holdsFor } from "./computed.js";
import { Degraded } from "./degraded.js";
import { Code, PorticoError, toPorticoError } from "./error.js";
import { fetchJoins } from "./fetch.js";
import { inOrder } from "./in-order.js";
import type { Lookup, Rows } from "./join.js";
import type { Limits } from "./limits.js";
import { MessageJoins } from "./message-joins.js";
import { failureBy, type OnError, ruleFor } from "./on-error.js";
import { type PublicErrorContext, publicErrorOf } from "./public-error.js";
import type { ReadMask } from "./read-mask.js";
import { OutgoingRequests, Requests } from "./requests.js";

/** What a public call is made of; the front builds it once the caller is admitted. */
export interface CallInit {
  readonly upstream: Upstream;
  readonly limits: Limits;
  /** See Route.maxCalls. */
  readonly maxCalls?: number | undefined;
  readonly requestId: string;
  /** When the call ends at the latest, in milliseconds of `Date.now()`. */
  readonly deadlineMs: number;
  /** Undefined on a public method that was called without credentials. */
  readonly principal: Principal | undefined;
  /** Sent with every upstream call: trace context, request id, listed headers. */
  readonly metadata: ReadonlyArray<readonly [string, string]>;
  /** What the gateway was started with, for expressions: `config`. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** Hand-written functions that make fields and answers. */
  readonly resolvers?: Resolvers | undefined;
  /** Told of every upstream failure, with the internal text. */
  readonly onUpstreamError?: (failure: unknown, method: Method) => void;
}

/** What an annotation says of one upstream call. */
export interface CallOptions {
  /** Shortens the public call's own deadline. */
  readonly timeoutMs?: number;
  /** Elements of lists and maps in its reply. Default 10,000. */
  readonly maxRows?: number;
  /** Default: an error fails the public call. */
  readonly onError?: OnError;
}

const DEFAULT_MAX_ROWS = 10_000;
// The channel's clock and an upstream's may be a little early.
const DEADLINE_SLACK_MS = 10;

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
  /** Those of the gateway, and of the method. */
  readonly limits: Limits;
  /** See CallInit. */
  readonly metadata: CallInit["metadata"];
  readonly config: NonNullable<CallInit["config"]>;
  readonly resolvers: Resolvers | undefined;
  /** Upstream calls made so far. */
  upstreamCalls = 0;
  /** What the client wants of the response, where it says so. */
  mask: ReadMask | undefined = undefined;

  readonly #init: CallInit;
  #degraded: Degraded | undefined;
  // Made when first needed: many calls never have a listener more, or a step that waits.
  #listeners: Set<() => void> | undefined;
  #waiting: Array<() => void> | undefined;
  #failure: PorticoError | undefined;
  #inFlight = 0;
  // Of a stream, that of the latest message.
  #budget: Budget;
  #messageJoins: MessageJoins | undefined;

  constructor(init: CallInit) {
    this.#init = init;
    this.requestId = init.requestId;
    this.deadlineMs = init.deadlineMs;
    this.principal = init.principal;
    this.limits = limitsOf(init);
    this.metadata = init.metadata;
    this.config = init.config ?? {};
    this.resolvers = init.resolvers;
    this.#budget = new Budget(this.limits);
  }

  /** Joins of a unary method ask for one message. */
  readonly messages = 1;

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

  /** Aborts when the call ends early. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.onCancel(() => abort.abort(this.#failure));
    }
    return this.#abort.signal;
  }
  #abort: AbortController | undefined;

  /** Makes one upstream call, at the cost of `budget`. `timeoutMs` shortens the call's own deadline. */
  unary(method: Method, request: Uint8Array, timeoutMs?: number, budget?: Budget): Promise<Uint8Array> {
    return this.#unary(method, request, timeoutMs, undefined, budget);
  }

  /** As `unary`; a failure with the code `expected` is an answer like any other, and no trouble to tell of. */
  async #unary(
    method: Method,
    request: Uint8Array,
    timeoutMs: number | undefined,
    expected: number | undefined,
    budget = this.#budget,
  ): Promise<Uint8Array> {
    await this.#start(budget);
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
    this.#account(reply, method, budget);
    return reply;
  }

  /** Whether the caller may have a field: decided once. `request` is the public request, where the policy reads it. */
  may(policy: FieldPolicy, request?: Reader): boolean {
    this.#allowed ??= new Map();
    let allowed = this.#allowed.get(policy);
    if (allowed === undefined) {
      allowed = mayHave(policy, this, request);
      this.#allowed.set(policy, allowed);
    }
    return allowed;
  }
  #allowed: Map<FieldPolicy, boolean> | undefined;

  /** The time of the clock when an expression first asked: one call sees one time. */
  now(): Timestamp {
    this.#now ??= clock();
    return this.#now;
  }
  #now: Timestamp | undefined;

  /** What a name stands for that has one value in a call: computed when it is first asked for. */
  once<T>(name: string, compute: () => T): T {
    this.#named ??= new Map();
    if (!this.#named.has(name)) this.#named.set(name, compute());
    return this.#named.get(name) as T;
  }
  #named: Map<string, unknown> | undefined;

  /** Opens the public request for reading; malformed bytes in it are INVALID_ARGUMENT. */
  input(request: Uint8Array): Reader {
    this.#request = new Reader(request, "");
    return this.#request;
  }

  #request: Reader | undefined;
  #stream: Requests | undefined;

  /** The public request; of a stream, its first one. An empty one until it has been opened. */
  get request(): Reader {
    return this.#request ?? this.#stream?.opened ?? Reader.absent("");
  }

  /** A writer for the public response (or one message of a stream), bounded. */
  output(mask?: WrittenFields): Writer {
    beginWalk();
    return new Writer(this.limits.maxResponseBytes, mask);
  }

  /** A writer for the request of an upstream call. */
  requestWriter(): Writer {
    // Larger than any public request may be, since `set` may add to it.
    return new Writer(this.limits.maxUpstreamMessageBytes);
  }

  /** Makes one upstream call with the request that `build` writes, and opens its reply for reading. */
  async read(method: Method, build: (w: Writer) => void, options: CallOptions = {}): Promise<Reader> {
    const { timeoutMs, maxRows = DEFAULT_MAX_ROWS, onError } = options;
    const w = this.requestWriter();
    walk(() => build(w));
    let reply: Uint8Array;
    try {
      reply = await this.unary(method, w.finish(), timeoutMs);
    } catch (thrown) {
      this.outcomeOf(thrown, onError);
      return this.absent(method);
    }
    return new Reader(reply, method.path, maxRows);
  }

  /** As `read`, only if the condition holds; otherwise there is no reply. */
  async readIf(
    condition: () => boolean,
    method: Method,
    build: (w: Writer) => void,
    options?: CallOptions,
  ): Promise<Reader> {
    return holdsFor(this, condition) ? this.read(method, build, options) : this.absent(method);
  }

  /** What stands for the reply of a call that was not made, or whose failure is let pass: a message that is not there. */
  absent(method: Method): Reader {
    return Reader.absent(method.path);
  }

  /** Opens one upstream stream with the request that `build` writes; each message is opened for reading. */
  async *readStream(
    method: Method,
    build: (w: Writer) => void,
    options: CallOptions = {},
  ): AsyncGenerator<Reader, void> {
    const { timeoutMs, maxRows = DEFAULT_MAX_ROWS, onError } = options;
    const w = this.requestWriter();
    walk(() => build(w));
    try {
      for await (const message of this.serverStream(method, w.finish(), timeoutMs))
        yield new Reader(message, method.path, maxRows);
    } catch (thrown) {
      throw this.#endOf(thrown, onError);
    }
  }

  /**
   * What `onError` makes of what an upstream call threw: "empty" (which is noted) or "drop"; else throws what the client
   * gets. Only the upstream's own errors are let pass: no bound, deadline or end of the public call.
   */
  outcomeOf(thrown: unknown, onError: OnError | undefined): "empty" | "drop" {
    if (onError === undefined || this.#failure !== undefined || this.#isPastDeadline(thrown)) throw thrown;
    const rule = ruleFor(thrown, onError, this);
    if (rule === undefined) throw thrown;
    if (rule.outcome === "fail") throw failureBy(rule, thrown as PorticoError, this);
    if (rule.outcome === "empty") {
      this.#degraded ??= new Degraded();
      this.#degraded.add(onError.degraded, this.mask);
    }
    return rule.outcome;
  }

  /** What ends a stream: what has been sent on cannot be taken back, so that an error can only become another. */
  #endOf(thrown: unknown, onError: OnError | undefined): unknown {
    this.outcomeOf(thrown, onError);
    return thrown;
  }

  #isPastDeadline(thrown: unknown): boolean {
    const cause = thrown instanceof PorticoError ? thrown.cause : undefined;
    return (
      cause instanceof UpstreamError &&
      cause.code === Code.DEADLINE_EXCEEDED &&
      Date.now() >= this.deadlineMs - DEADLINE_SLACK_MS
    );
  }

  /** The public fields that were left empty so far, for the trailer `portico-degraded`. */
  get degraded(): string | undefined {
    return this.#degraded?.text();
  }

  /** One call of a join, at the cost of `budget`. */
  async readJoin(lookup: Lookup, request: Uint8Array, budget = this.#budget): Promise<Reader> {
    // Asked for one thing by its key, an upstream says NOT_FOUND for "none".
    const expected = lookup.mode === "each" ? Code.NOT_FOUND : undefined;
    const reply = await this.#unary(lookup.method, request, lookup.timeoutMs, expected, budget);
    return new Reader(reply, lookup.method.path);
  }

  /** What a join's `set` writes, for `RowsOptions.set`. */
  encode(set: (w: Writer) => void): Uint8Array {
    const w = this.requestWriter();
    walk(() => set(w));
    return w.finish();
  }

  /**
   * Fetches what the rows of these joins ask for. If that fails, the whole call does: no batch is left behind. In a
   * message of a stream it fails that message, and messages of the same tick share their batches.
   */
  async join(...joins: Rows[]): Promise<void> {
    if (this.#messageJoins !== undefined) return this.#messageJoins.fetch(joins);
    try {
      await fetchJoins(this, joins);
    } catch (thrown) {
      throw this.#fail(thrown);
    }
  }

  /** Opens one upstream stream; it counts as one call. */
  serverStream(method: Method, request: Uint8Array, timeoutMs?: number): AsyncGenerator<Uint8Array, void> {
    return this.#messages(method, timeoutMs, (context) =>
      this.#init.upstream.serverStream(method, request, context),
    );
  }

  /** Sends a stream of requests to one upstream method, and gives its one reply. */
  async clientStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    timeoutMs?: number,
  ): Promise<Uint8Array> {
    return this.#clientStream(method, this.#outgoing(requests, asItIs), timeoutMs);
  }

  /** Opens one upstream stream in both directions. */
  bidiStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    timeoutMs?: number,
  ): AsyncGenerator<Uint8Array, void> {
    const outgoing = this.#outgoing(requests, asItIs);
    return this.#messages(method, timeoutMs, (context) =>
      this.#init.upstream.bidiStream(method, outgoing, context),
    );
  }

  /** The requests of a public stream; `shape` is what each is checked against. */
  requests(stream: AsyncIterable<Uint8Array>, shape?: Shape): Requests {
    this.#stream = new Requests(stream, shape, this);
    return this.#stream;
  }

  /** As `clientStream`, with requests that `build` writes; nothing is called if the first cannot be written. */
  async readClientStream(
    method: Method,
    requests: Requests,
    build: BuildRequest,
    options: CallOptions = {},
  ): Promise<Reader> {
    const { timeoutMs, maxRows = DEFAULT_MAX_ROWS, onError } = options;
    const outgoing = this.#outgoing(requests, this.#written(build));
    await outgoing.prepare();
    let reply: Uint8Array;
    try {
      reply = await this.#clientStream(method, outgoing, timeoutMs);
    } catch (thrown) {
      this.outcomeOf(thrown, onError);
      return this.absent(method);
    }
    return new Reader(reply, method.path, maxRows);
  }

  /** As `bidiStream`, with requests that `build` writes; each message is opened for reading. */
  async *readBidiStream(
    method: Method,
    requests: Requests,
    build: BuildRequest,
    options: CallOptions = {},
  ): AsyncGenerator<Reader, void> {
    const { timeoutMs, maxRows = DEFAULT_MAX_ROWS, onError } = options;
    const outgoing = this.#outgoing(requests, this.#written(build));
    if (requests.hasFirst) await outgoing.prepare();
    const messages = this.#messages(method, timeoutMs, (context) =>
      this.#init.upstream.bidiStream(method, outgoing, context),
    );
    try {
      for await (const message of messages) yield new Reader(message, method.path, maxRows);
    } catch (thrown) {
      throw this.#endOf(thrown, onError);
    }
  }

  /**
   * What `translate` makes of each message of a stream, in order. Up to 16 are under way, and those that arrive in one
   * tick share the calls of their joins.
   */
  async *each(
    messages: AsyncIterable<Reader>,
    translate: (message: Reader) => Promise<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void> {
    this.#messageJoins = new MessageJoins(this);
    let complete = false;
    try {
      yield* inOrder(messages, translate);
      complete = true;
    } catch (thrown) {
      throw this.#fail(thrown);
    } finally {
      // Whoever leaves early leaves messages behind that are under way.
      if (!complete) this.cancel(left);
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

  async #start(budget: Budget): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    // Reserved before any wait, so that calls that start together cannot pass the bound together.
    this.upstreamCalls++;
    budget.takeCall();
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

  #account(reply: Uint8Array, method: Method, budget: Budget): void {
    try {
      budget.takeBytes(reply.byteLength);
    } catch (thrown) {
      this.#init.onUpstreamError?.(thrown, method);
      throw thrown;
    }
  }

  async #clientStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    timeoutMs: number | undefined,
  ): Promise<Uint8Array> {
    await this.#start(this.#budget);
    const context = this.#context(timeoutMs);
    try {
      const reply = await this.#init.upstream.clientStream(method, requests, context);
      this.#account(reply, method, this.#budget);
      return reply;
    } catch (thrown) {
      throw this.#failed(thrown, method, context);
    } finally {
      this.#end();
    }
  }

  async *#messages(
    method: Method,
    timeoutMs: number | undefined,
    open: (context: UpstreamContext) => AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void> {
    await this.#start(this.#budget);
    const context = this.#context(timeoutMs);
    try {
      for await (const message of open(context)) {
        // The budget is per message of a stream: what has been sent on is no longer held.
        this.#budget = new Budget(this.limits);
        this.#account(message, method, this.#budget);
        yield message;
      }
    } catch (thrown) {
      throw this.#failed(thrown, method, context);
    } finally {
      this.#end();
    }
  }

  #outgoing<T>(requests: AsyncIterable<T>, write: (request: T) => Uint8Array): OutgoingRequests<T> {
    return new OutgoingRequests(requests, write, (thrown) => this.#fail(thrown));
  }

  /** Writes requests with `build`: the first one, and those after it. */
  #written(build: BuildRequest): (request: Reader) => Uint8Array {
    let [write, next] = typeof build === "function" ? [build, build] : build;
    return (request) => {
      const w = this.requestWriter();
      walk(() => write(w, request));
      write = next;
      return w.finish();
    };
  }
}

/** Writes the upstream request that a public one becomes; of two functions the first writes the first request. */
export type BuildRequest = WriteRequest | readonly [first: WriteRequest, next: WriteRequest];
type WriteRequest = (w: Writer, request: Reader) => void;

const asItIs = (request: Uint8Array): Uint8Array => request;
// Told to what is still under way; nobody sees it.
const left = new PorticoError(Code.CANCELLED, "the stream was left");

function limitsOf({ limits, maxCalls }: CallInit): Limits {
  return maxCalls === undefined ? limits : { ...limits, maxCalls: Math.min(limits.maxCalls, maxCalls) };
}
