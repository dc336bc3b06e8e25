import type { Headers } from "../auth/authenticator.js";
import { authorize, type Caller } from "../auth/policy.js";
import type { Principal } from "../auth/principal.js";
import { Call, type CallInit } from "../call/call.js";
import { Code, codeName, PorticoError, toPorticoError } from "../call/error.js";
import type { Limits } from "../call/limits.js";
import type { Exchange, ExchangeReceiver } from "../protocol/exchange.js";
import type { Timed } from "../time/timer-wheel.js";
import { type Method, type Upstream, UpstreamError } from "../upstream/upstream.js";
import type { LogEntry, UpstreamFailureLog } from "./logger.js";
import type { Pipeline, ServedRoute } from "./pipeline.js";
import { RequestStream } from "./request-stream.js";

const MAX_LOGGED_FAILURES = 8;
const MAX_LOGGED_TEXT = 2000;

// Told to what is still under way when the answer is complete; nobody sees it.
const over = new PorticoError(Code.CANCELLED, "the call is over");

/**
 * One public request on its way through the pipeline. It ends once, by an answer, an error, its deadline or because
 * the client has gone, whichever comes first; whatever comes later is ignored.
 *
 * One object for all of it, which is also what `Call` is made from: a request costs few allocations.
 */
export class PublicCall implements CallInit, ExchangeReceiver, Timed {
  readonly requestId: string;
  deadlineMs = 0;
  principal: Principal | undefined;
  metadata: ReadonlyArray<readonly [string, string]> = [];

  // The links of the TimerWheel.
  dueTick = 0;
  next: Timed | undefined;
  previous: Timed | undefined;

  readonly #pipeline: Pipeline;
  readonly #route: ServedRoute;
  readonly #exchange: Exchange;
  readonly #headers: Headers;
  readonly #startedMs = Date.now();
  #call: Call | undefined;
  /** Of a method that takes a stream of them. */
  #requests: RequestStream | undefined;
  #ended = false;
  #wakeWriter: (() => void) | undefined;
  #upstreamFailures: UpstreamFailureLog[] | undefined;

  constructor(
    pipeline: Pipeline,
    route: ServedRoute,
    exchange: Exchange,
    headers: Headers,
    requestId: string,
  ) {
    this.#pipeline = pipeline;
    this.#route = route;
    this.#exchange = exchange;
    this.#headers = headers;
    this.requestId = requestId;
    exchange.receiver = this;
  }

  get upstream(): Upstream {
    return this.#pipeline.upstream;
  }

  get limits(): Limits {
    return this.#pipeline.limits;
  }

  get maxCalls(): number | undefined {
    return this.#route.maxCalls;
  }

  /** Starts the way in. The deadline covers all of it: slow authentication and a trickled body end with it. */
  start(clientTimeoutMs: number): void {
    const timeoutMs = Math.min(clientTimeoutMs, this.#route.timeoutMs);
    this.deadlineMs = this.#startedMs + timeoutMs;
    // By the sum and not by the timeout: a few nanoseconds are lost in it.
    if (this.deadlineMs <= this.#startedMs) {
      this.#fail(deadlineExceeded());
      return;
    }
    this.#pipeline.wheel.add(this, timeoutMs);
    const authenticator = this.#pipeline.authenticator;
    if (authenticator === undefined || this.#route.unauthenticated) {
      this.#admit(undefined);
      return;
    }
    let principal: Principal | undefined | Promise<Principal | undefined>;
    try {
      principal = authenticator.authenticate(this.#headers);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (principal !== undefined && typeof (principal as Promise<unknown>).then === "function") {
      (principal as Promise<Principal | undefined>).then(
        (found) => this.#admit(found),
        (thrown) => this.#fail(thrown),
      );
    } else {
      this.#admit(principal as Principal | undefined);
    }
  }

  #admit(principal: Principal | undefined): void {
    if (this.#ended) return;
    try {
      authorize(this.#route.policy, principal, () => this.#caller(principal));
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    this.principal = principal;
    const { kind } = this.#route;
    if (kind === "unary" || kind === "server_streaming") {
      this.#exchange.read(this.limits.maxRequestBytes);
      return;
    }
    this.#exchange.readStream(this.limits.maxRequestBytes);
    // The encoding of the requests may be one that is not spoken here.
    if (!this.#ended) this.#openRequests();
  }

  #caller(principal: Principal | undefined): Caller {
    return {
      principal,
      metadata: this.#pipeline.metadataOf(this.#headers, this.requestId),
      config: this.config,
    };
  }

  get config(): Caller["config"] {
    return this.#pipeline.config;
  }

  get resolvers(): Pipeline["resolvers"] {
    return this.#pipeline.resolvers;
  }

  onBadRequest(error: PorticoError): void {
    this.#fail(error);
  }

  onRequest(message: Uint8Array): void {
    if (this.#ended) return;
    if (this.#requests !== undefined) {
      this.#requests.push(message);
      return;
    }
    // The wheel tells of it a little late.
    if (Date.now() >= this.deadlineMs) {
      this.#fail(deadlineExceeded());
      return;
    }
    const call = this.#begin();
    const route = this.#route;
    try {
      if (route.kind === "server_streaming") this.#stream(route.handler(message, call));
      else if (route.kind === "unary") this.#await(route.handler(message, call));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #openRequests(): void {
    const requests = new RequestStream(() => this.#exchange.pull());
    this.#requests = requests;
    const call = this.#begin();
    const route = this.#route;
    try {
      if (route.kind === "bidi_streaming") this.#stream(route.handler(requests, call));
      else if (route.kind === "client_streaming") this.#await(route.handler(requests, call));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  onRequestEnd(): void {
    this.#requests?.end();
  }

  #begin(): Call {
    this.metadata = this.#pipeline.metadataOf(this.#headers, this.requestId);
    const call = new Call(this);
    this.#call = call;
    const expiresAtMs = this.#expiresAtMs;
    if (expiresAtMs < this.deadlineMs) this.#pipeline.wheel.add(this, expiresAtMs - Date.now());
    return call;
  }

  /** A unary call ends soon enough by itself; a stream ends with the credentials that it was opened with. */
  get #expiresAtMs(): number {
    if (this.#route.kind === "unary") return Number.POSITIVE_INFINITY;
    return this.principal?.expiresAtMs ?? Number.POSITIVE_INFINITY;
  }

  #await(reply: Promise<Uint8Array>): void {
    reply.then(
      (bytes) => this.#reply(bytes),
      (thrown) => this.#fail(thrown),
    );
  }

  #stream(messages: AsyncIterable<Uint8Array>): void {
    this.#send(messages).catch((thrown) => this.#fail(thrown));
  }

  onDrain(): void {
    const wake = this.#wakeWriter;
    this.#wakeWriter = undefined;
    wake?.();
  }

  onTime(): void {
    const expired = this.#expiresAtMs < this.deadlineMs;
    this.#fail(
      expired ? new PorticoError(Code.UNAUTHENTICATED, "the credentials have expired") : deadlineExceeded(),
    );
  }

  onUpstreamError(failure: unknown, method: Method): void {
    this.#upstreamFailures ??= [];
    if (this.#upstreamFailures.length >= MAX_LOGGED_FAILURES) return;
    const code =
      failure instanceof UpstreamError || failure instanceof PorticoError ? failure.code : Code.UNKNOWN;
    const message = String((failure as Error | undefined)?.message ?? failure).slice(0, MAX_LOGGED_TEXT);
    this.#upstreamFailures.push({ method: method.path, code: codeName(code), message });
  }

  #reply(reply: Uint8Array): void {
    if (this.#ended) return;
    // Past this point nothing may throw: nobody would catch it.
    if (!(reply instanceof Uint8Array)) {
      this.#fail(new TypeError("the handler gave no bytes"));
      return;
    }
    if (reply.byteLength > this.limits.maxResponseBytes) {
      this.#fail(responseTooLong());
      return;
    }
    if (!this.#exchange.hasRoom(reply.byteLength)) {
      this.#fail(noRoom());
      return;
    }
    const degraded = this.#call?.degraded;
    this.#finish(over);
    this.#exchange.sendReply(reply, degraded);
    // The answer is complete, and still something failed: a degraded one.
    if (this.#upstreamFailures !== undefined) this.#log("warn", "request degraded", undefined);
  }

  async #send(messages: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const message of messages) {
      if (this.#ended) return;
      if (message.byteLength > this.limits.maxResponseBytes) throw responseTooLong();
      if (!this.#exchange.hasRoom(message.byteLength)) throw noRoom();
      if (!this.#exchange.sendMessage(message)) {
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
        if (this.#ended) return;
      }
    }
    if (this.#ended) return;
    const degraded = this.#call?.degraded;
    this.#finish(over);
    this.#exchange.sendEnd(degraded);
    if (this.#upstreamFailures !== undefined) this.#log("warn", "request degraded", undefined);
  }

  onGone(): void {
    if (this.#ended) return;
    const error = new PorticoError(Code.CANCELLED, "the client has gone");
    this.#finish(error);
    this.#log("info", "request cancelled", error);
  }

  #fail(thrown: unknown): void {
    if (this.#ended) return;
    const error = toPorticoError(thrown);
    this.#finish(error);
    this.#exchange.sendError(error);
    this.#log(levels.get(error.code) ?? "error", "request failed", error);
  }

  // Everything that the request holds is let go, here and nowhere else.
  #finish(reason: PorticoError): void {
    this.#ended = true;
    this.#pipeline.wheel.remove(this);
    this.#call?.cancel(reason);
    this.#requests?.fail(reason);
    this.onDrain();
  }

  #log(level: LogEntry["level"], message: string, error: PorticoError | undefined): void {
    // An upstream's failure is told by itself, with its method.
    const cause = error?.cause instanceof UpstreamError ? undefined : error?.cause;
    this.#pipeline.logger({
      level,
      message,
      requestId: this.requestId,
      method: this.#route.path,
      code: codeName(error?.code ?? Code.OK),
      ...(error === undefined ? {} : { text: error.message }),
      durationMs: Date.now() - this.#startedMs,
      ...(this.#upstreamFailures === undefined ? {} : { upstream: this.#upstreamFailures }),
      ...(cause === undefined ? {} : { cause: causeText(cause).slice(0, MAX_LOGGED_TEXT) }),
    });
  }
}

// What is the client's affair is information, what is ours is an error; denials can be either.
const levels: ReadonlyMap<number, LogEntry["level"]> = new Map([
  [Code.CANCELLED, "info"],
  [Code.INVALID_ARGUMENT, "info"],
  [Code.NOT_FOUND, "info"],
  [Code.ALREADY_EXISTS, "info"],
  [Code.FAILED_PRECONDITION, "info"],
  [Code.OUT_OF_RANGE, "info"],
  [Code.ABORTED, "info"],
  [Code.UNIMPLEMENTED, "info"],
  [Code.UNAUTHENTICATED, "warn"],
  [Code.PERMISSION_DENIED, "warn"],
  [Code.RESOURCE_EXHAUSTED, "warn"],
  [Code.DEADLINE_EXCEEDED, "warn"],
]);

function deadlineExceeded(): PorticoError {
  return new PorticoError(Code.DEADLINE_EXCEEDED, "deadline exceeded");
}

function responseTooLong(): PorticoError {
  return new PorticoError(Code.RESOURCE_EXHAUSTED, "the response is too large");
}

// Too many bytes wait for clients that do not fetch them.
function noRoom(): PorticoError {
  return new PorticoError(Code.UNAVAILABLE, "too many answers wait for their clients");
}

function causeText(cause: unknown): string {
  if (cause instanceof PorticoError || !(cause instanceof Error)) return String(cause);
  const inner = cause.cause === undefined ? "" : `; caused by ${String(cause.cause)}`;
  return `${cause.stack ?? String(cause)}${inner}`;
}
