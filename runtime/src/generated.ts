/** What generated code imports, and nothing else: not for use by hand. */

export type { FieldPolicy } from "./auth/policy.js";
export type { Call, CallOptions } from "./call/call.js";
export { requireClaims, writeClaim } from "./call/claim.js";
export {
  aside,
  asked,
  claimsOf,
  computed,
  configOf,
  ensure,
  ensureFound,
  holds,
  keyOf,
  keysOf,
  knownRowViews,
  metadataOf,
  permit,
  permits,
  rolesOf,
  rowView,
  rowViews,
  type Surroundings,
  scopesOf,
  subjectOf,
  written,
} from "./call/computed.js";
export { checkFields } from "./call/field-policy.js";
export { type InnerJoins, type Lookup, partOf, type Replies, Rows } from "./call/join.js";
export type { OnError } from "./call/on-error.js";
export { type Paths, readMask } from "./call/read-mask.js";
export type { GatewayApi, Route } from "./call/route.js";
export * as cel from "./cel/index.js";
export {
  type Answered,
  type MethodContext,
  type MethodResolver,
  resolveMethod,
  resolveStream,
} from "./resolve/method-resolver.js";
export type { Json, Time } from "./resolve/plain.js";
export {
  type ClientTable,
  type Resolved,
  type ResolverContext,
  resolverLookup,
  unresolved,
} from "./resolve/resolver.js";
export type { UpstreamOptions } from "./resolve/run.js";
export type { Method } from "./upstream/upstream.js";
export { check, type GuardedPaths, type Shape } from "./wire/check.js";
export { MapEntries } from "./wire/map-entries.js";
export { messageKey, writeMessageKey } from "./wire/message-key.js";
export type { Reader } from "./wire/reader.js";
export { convert, keyAt, writeKey } from "./wire/scalar.js";
export {
  type AnyType,
  type MaskTable,
  scanAny,
  translateAny,
  translateMask,
  unwrap,
} from "./wire/special.js";
export type { Writer } from "./wire/writer.js";
