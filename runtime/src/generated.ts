/** What generated code imports, and nothing else: not for use by hand. */
export { Call } from "./call/call.js";
export type { GatewayApi, Route } from "./call/route.js";
export type { Method } from "./upstream/upstream.js";
