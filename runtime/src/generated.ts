/** What generated code imports, and nothing else: not for use by hand. */
export { Call } from "./call/call.js";
export { type InnerJoins, type Lookup, type Replies, Rows } from "./call/join.js";
export { type GatewayApi, GENERATED_VERSION, type Route } from "./call/route.js";
export type { Method } from "./upstream/upstream.js";
export { MapEntries } from "./wire/map-entries.js";
export type { At, Reader } from "./wire/reader.js";
export { convert, type Key, keyAt, writeKey } from "./wire/scalar.js";
export type { Writer } from "./wire/writer.js";
