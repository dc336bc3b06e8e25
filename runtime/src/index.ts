export type { Authenticator, Headers } from "./auth/authenticator.js";
export type { Policy } from "./auth/policy.js";
export type { Principal } from "./auth/principal.js";
export { Call } from "./call/call.js";
export { Code, PorticoError } from "./call/error.js";
export { defaultLimits, type Limits } from "./call/limits.js";
export type { GatewayApi, Route, ServerStreamHandler, UnaryHandler } from "./call/route.js";
export {
  type Method,
  type RpcKind,
  type Upstream,
  type UpstreamContext,
  UpstreamError,
} from "./upstream/upstream.js";
