// The internal service of the soak, and the public methods that pass on to it.
const SERVICE = "soak.internal.v1.Echo";

/** The methods of the internal service. */
export const internal = {
  get: { service: SERVICE, name: "Get", path: `/${SERVICE}/Get`, kind: "unary" },
  list: { service: SERVICE, name: "List", path: `/${SERVICE}/List`, kind: "server_streaming" },
  chat: { service: SERVICE, name: "Chat", path: `/${SERVICE}/Chat`, kind: "bidi_streaming" },
};

const PUBLIC = "soak.v1.Api";

/** The public methods, as a client calls them. */
export const api = {
  get: { service: PUBLIC, name: "Get", path: `/${PUBLIC}/Get`, kind: "unary" },
  list: { service: PUBLIC, name: "List", path: `/${PUBLIC}/List`, kind: "server_streaming" },
  chat: { service: PUBLIC, name: "Chat", path: `/${PUBLIC}/Chat`, kind: "bidi_streaming" },
};

const route = (method, handler) => ({
  path: method.path,
  kind: method.kind,
  policy: { kind: "public" },
  timeoutMs: 5_000,
  handler,
});

/** The routes of the gateway: a unary method makes two calls, one after the other. */
export const routes = [
  route(api.get, async (request, call) => call.unary(internal.get, await call.unary(internal.get, request))),
  route(api.list, (request, call) => call.serverStream(internal.list, request)),
  route(api.chat, (requests, call) => call.bidiStream(internal.chat, requests)),
];
