// The server under test: ConformanceService behind Portico's front and pipeline. The transport is the one that
// PORTICO_TRANSPORT names.
import { defaultLimits } from "../../runtime/dist/call/limits.js";
import { defaultConnectionLimits } from "../../runtime/dist/server/connection-limits.js";
import { nodeFront } from "../../runtime/dist/server/node-front.js";
import { ownFront } from "../../runtime/dist/server/own-front.js";
import { Pipeline } from "../../runtime/dist/server/pipeline.js";
import { transportOf } from "../../runtime/dist/server/transport.js";
import { make, received, send } from "./messages.js";
import { MetadataStream } from "./metadata-stream.js";
import { conformanceRoutes } from "./service.js";

const { value: request } = await received("ServerCompatRequest").next();
const { useTls, serverCreds, clientTlsCert, messageReceiveLimit } = request;

// A handler finds the stream of its call by the headers, which the authenticator sees.
const streams = new WeakMap();
const pipeline = new Pipeline({
  routes: conformanceRoutes((call) => streams.get(call.principal.claims.headers)),
  upstream: undefined,
  limits:
    messageReceiveLimit === 0 ? defaultLimits : { ...defaultLimits, maxRequestBytes: messageReceiveLimit },
  authenticator: { authenticate: (headers) => ({ subject: "", roles: [], scopes: [], claims: { headers } }) },
  logger: () => {},
  forwardHeaders: [],
  compressMinBytes: 1,
  config: {},
});

const makeFront = transportOf(undefined) === "http2" ? ownFront : nodeFront;
const front = makeFront({
  host: "127.0.0.1",
  port: 0,
  tls: useTls ? tlsOf() : undefined,
  limits: defaultConnectionLimits,
  logger: () => {},
  serve(stream) {
    const withMetadata = new MetadataStream(stream);
    streams.set(stream.headers, withMetadata);
    pipeline.serve(withMetadata);
  },
});

const { port } = await front.listen();
send(
  make("ServerCompatResponse", { host: "127.0.0.1", port, pemCert: useTls ? serverCreds.cert : undefined }),
);

function tlsOf() {
  const { key, cert } = serverCreds;
  const tls = { key: Buffer.from(key), cert: Buffer.from(cert) };
  return clientTlsCert.byteLength === 0 ? tls : { ...tls, ca: Buffer.from(clientTlsCert) };
}
