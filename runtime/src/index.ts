export type { Authenticator, Headers } from "./auth/authenticator.js";
export { type JwtAuthenticatorOptions, jwtAuthenticator } from "./auth/jwt.js";
export type { JwtAlgorithm, JwtKey } from "./auth/jwt-key.js";
export type { Policy } from "./auth/policy.js";
export type { Principal } from "./auth/principal.js";
export { Call } from "./call/call.js";
export { Code, PorticoError } from "./call/error.js";
export { defaultLimits, type Limits } from "./call/limits.js";
export type { GatewayApi, Route, ServerStreamHandler, UnaryHandler } from "./call/route.js";
export { ConfigurationError } from "./configuration-error.js";
export type { CompressionOptions } from "./server/compression-options.js";
export { type ConnectionLimits, defaultConnectionLimits } from "./server/connection-limits.js";
export type { Address, ServerTls } from "./server/front.js";
export { createGateway, type Gateway } from "./server/gateway.js";
export type { GatewayOptions } from "./server/gateway-options.js";
export { jsonLogger, type LogEntry, type Logger, type UpstreamFailureLog } from "./server/logger.js";
export { type RunOptions, runGateway } from "./server/run-gateway.js";
export type { ServerTlsFiles } from "./server/tls.js";
export type { Transport } from "./server/transport.js";
export { type GrpcJsUpstreamOptions, grpcJsUpstream } from "./upstream/grpc-js.js";
export { type Http2UpstreamOptions, http2Upstream } from "./upstream/http2-upstream.js";
export {
  type Method,
  type RpcKind,
  type Upstream,
  type UpstreamContext,
  UpstreamError,
} from "./upstream/upstream.js";
export type { UpstreamTls } from "./upstream/upstream-tls.js";
