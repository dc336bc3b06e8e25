export { ByteBudget } from "./byte-budget.js";
export { type ConnectionEvents, Http2Connection } from "./connection.js";
export { ConnectionError, ErrorCode } from "./error.js";
export { HeaderBlock } from "./hpack/header-block.js";
export { defaultHttp2Limits, type Http2Limits } from "./limits.js";
export type { HeaderMap, Message } from "./message.js";
export type { ExtraHeaders, OutgoingHeaders } from "./outbound.js";
export type { Http2Stream, StreamReceiver } from "./stream.js";
