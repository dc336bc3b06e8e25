import type { Authenticator, Headers } from "../auth/authenticator.js";
import type { Caller } from "../auth/policy.js";
import { Code, PorticoError } from "../call/error.js";
import type { Limits } from "../call/limits.js";
import type { Route } from "../call/route.js";
import { parseGrpcTimeout } from "../grpc/grpc-timeout.js";
import { type ExchangeSettings, GrpcExchange, isGrpcContentType } from "../protocol/grpc-exchange.js";
import { type HeaderFields, type HttpStream, REQUEST_ID_HEADER } from "../protocol/http-stream.js";
import { requestIds } from "../protocol/request-id.js";
import { continueTrace } from "../protocol/trace-context.js";
import type { Resolvers } from "../resolve/resolver.js";
import { TimerWheel } from "../time/timer-wheel.js";
import type { Upstream } from "../upstream/upstream.js";
import type { Logger } from "./logger.js";
import { PublicCall } from "./public-call.js";

/** What all requests of a gateway share. */
export interface PipelineOptions {
  readonly routes: readonly ServedRoute[];
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly authenticator: Authenticator | undefined;
  readonly logger: Logger;
  /** Lower-case names of request headers that upstreams get. */
  readonly forwardHeaders: readonly string[];
  /** Answers of so many bytes are compressed. Default: none. */
  readonly compressMinBytes?: number | undefined;
  /** What expressions see as `config`. */
  readonly config: Caller["config"];
  /** What is written by hand. */
  readonly resolvers?: Resolvers | undefined;
}

/** A route, as the gateway serves it. */
export type ServedRoute = Route & {
  /** Served before any authentication, as health checks are: credentials are not even looked at. */
  readonly unauthenticated?: true;
};

const MAX_LOGGED_PATH = 200;
// What HTTP/2 lets a client put into a value, but metadata of gRPC may not hold.
const printable = /^[\x20-\x7e]*$/;

const methodNotAllowed: HeaderFields = { ":status": "405", allow: "POST" };
const unsupportedMediaType: HeaderFields = { ":status": "415", "accept-post": "application/grpc" };
const notFound: HeaderFields = { ":status": "404" };

/**
 * The way in, the same for all protocols: header checks, authentication, policy on the headers, bounded body, handler.
 * Each step can only deny or go on to the next; a throw anywhere denies.
 */
export class Pipeline {
  readonly upstream: Upstream;
  readonly limits: Limits;
  readonly authenticator: Authenticator | undefined;
  readonly logger: Logger;
  readonly config: Caller["config"];
  readonly resolvers: Resolvers | undefined;
  readonly wheel = new TimerWheel();

  readonly #routes: ReadonlyMap<string, ServedRoute>;
  readonly #forwardHeaders: readonly string[];
  readonly #exchangeSettings: ExchangeSettings;
  readonly #nextRequestId = requestIds();

  constructor(options: PipelineOptions) {
    this.upstream = options.upstream;
    this.limits = options.limits;
    this.authenticator = options.authenticator;
    this.logger = options.logger;
    this.config = options.config;
    this.resolvers = options.resolvers;
    this.#forwardHeaders = options.forwardHeaders;
    const { compressMinBytes = Number.POSITIVE_INFINITY } = options;
    this.#exchangeSettings = { compressMinBytes, wheel: this.wheel };
    this.#routes = new Map(options.routes.map((route) => [route.path, route]));
  }

  /** Serves one stream. Every request passes here: no closures, no promises before the handler's own. */
  serve(stream: HttpStream): void {
    const headers = stream.headers;
    const requestId = this.#nextRequestId();
    const path = headers[":path"] ?? "";
    const route = this.#routes.get(path);
    if (headers[":method"] !== "POST") {
      this.#refuse(stream, requestId, route === undefined ? notFound : methodNotAllowed);
      return;
    }
    if (!isGrpcContentType(headers["content-type"])) {
      this.#refuse(stream, requestId, route === undefined ? notFound : unsupportedMediaType);
      return;
    }
    const exchange = new GrpcExchange(stream, requestId, this.#exchangeSettings);
    if (route === undefined) {
      const error = new PorticoError(Code.UNIMPLEMENTED, "unknown method");
      exchange.sendError(error);
      this.#logRefusal(requestId, path, "UNIMPLEMENTED", error.message);
      return;
    }
    const timeout = headers["grpc-timeout"];
    const clientTimeoutMs = timeout === undefined ? Number.POSITIVE_INFINITY : parseGrpcTimeout(timeout);
    if (clientTimeoutMs === undefined) {
      const error = new PorticoError(Code.INVALID_ARGUMENT, "the header grpc-timeout is malformed");
      exchange.sendError(error);
      this.#logRefusal(requestId, path, "INVALID_ARGUMENT", error.message);
      return;
    }
    new PublicCall(this, route, exchange, headers, requestId).start(clientTimeoutMs);
  }

  /** What upstreams are told beside the request: who asks for what is in the request, so only ids and listed headers. */
  metadataOf(headers: Headers, requestId: string): Array<readonly [string, string]> {
    const metadata: Array<readonly [string, string]> = [
      [REQUEST_ID_HEADER, requestId],
      ["traceparent", continueTrace(headers.traceparent)],
    ];
    for (const name of this.#forwardHeaders) {
      const value = headers[name];
      if (value !== undefined && printable.test(value)) metadata.push([name, value]);
    }
    return metadata;
  }

  // Not a request of a protocol that is spoken here: it gets an answer in plain HTTP.
  #refuse(stream: HttpStream, requestId: string, answer: HeaderFields): void {
    stream.receiver = nobody;
    stream.respondHeaders({ ...answer, [REQUEST_ID_HEADER]: requestId });
    this.#logRefusal(requestId, stream.headers[":path"] ?? "", `HTTP ${answer[":status"]}`, undefined);
  }

  #logRefusal(requestId: string, path: string, code: string, text: string | undefined): void {
    this.logger({
      level: "info",
      message: "request refused",
      requestId,
      method: path.slice(0, MAX_LOGGED_PATH),
      code,
      ...(text === undefined ? {} : { text }),
    });
  }
}

const nobody = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
