import type { Policy } from "../auth/policy.js";
import type { ResolverApi } from "../resolve/resolver.js";
import type { Call } from "./call.js";

/** Public bytes in, public bytes out. */
export type UnaryHandler = (request: Uint8Array, call: Call) => Promise<Uint8Array>;

/** Public bytes in, public messages out, in order. */
export type ServerStreamHandler = (request: Uint8Array, call: Call) => AsyncIterable<Uint8Array>;

/** A stream of public bytes in, public bytes out. It may answer before the requests end. */
export type ClientStreamHandler = (requests: AsyncIterable<Uint8Array>, call: Call) => Promise<Uint8Array>;

/** A stream of public bytes in, public messages out, in order. */
export type BidiStreamHandler = (
  requests: AsyncIterable<Uint8Array>,
  call: Call,
) => AsyncIterable<Uint8Array>;

interface RouteBase {
  /** "/smpl.api.orders.v1.OrdersService/GetOrder" */
  readonly path: string;
  readonly policy: Policy;
  /** The longest a call may take, in milliseconds; a client's shorter deadline wins. */
  readonly timeoutMs: number;
  /** The upstream calls that a request (of a stream: a message) may make, beside Limits.maxCalls. */
  readonly maxCalls?: number;
}

/** One public method, as every protocol at the front serves it. */
export type Route =
  | (RouteBase & { readonly kind: "unary"; readonly handler: UnaryHandler })
  | (RouteBase & { readonly kind: "server_streaming"; readonly handler: ServerStreamHandler })
  | (RouteBase & { readonly kind: "client_streaming"; readonly handler: ClientStreamHandler })
  | (RouteBase & { readonly kind: "bidi_streaming"; readonly handler: BidiStreamHandler });

/** What the generated `gateway.ts` exports: all routes, and the internal services that they call. */
export interface GatewayApi {
  /** The version of the interface between generated code and runtime; checked at start. */
  readonly version: number;
  readonly routes: readonly Route[];
  /** Full names of the internal services, sorted. */
  readonly upstreams: readonly string[];
  /** The names of `config` that expressions read, and do not ask for with `has` or `in`, sorted; absent: none. */
  readonly config?: readonly string[];
  /** What is written by hand; absent: nothing. */
  readonly resolvers?: ResolverApi;
}

/** The version of generated code that this runtime runs. Raised whenever the two must change together. */
export const GENERATED_VERSION = 3;
