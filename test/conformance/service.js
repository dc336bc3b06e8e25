// ConformanceService, as handlers of bytes such as the ones that Portico generates.
import { PorticoError } from "../../runtime/dist/call/error.js";
import { decode, encode, headersOf, make, pack, sleep } from "./messages.js";

const service = "connectrpc.conformance.v1.ConformanceService";

/** The routes; `streamOf` gives the MetadataStream of a call. */
export function conformanceRoutes(streamOf) {
  const route = (name, kind, handler) => ({
    path: `/${service}/${name}`,
    kind,
    handler: (requests, call) => handler(requests, call, streamOf(call)),
    policy: { kind: "public" },
    timeoutMs: 60_000,
  });
  // There is no route for Unimplemented.
  return [
    route("Unary", "unary", unary("Unary")),
    route("IdempotentUnary", "unary", unary("IdempotentUnary")),
    route("ServerStream", "server_streaming", serverStream),
    route("ClientStream", "client_streaming", clientStream),
    route("BidiStream", "bidi_streaming", bidiStream),
  ];
}

function unary(name) {
  return async (bytes, call, stream) => {
    const request = decode(`${name}Request`, bytes);
    const payload = await payloadOf(request.responseDefinition, [request], call, stream);
    return encode(make(`${name}Response`, { payload }));
  };
}

async function clientStream(messages, call, stream) {
  const requests = [];
  for await (const bytes of messages) requests.push(decode("ClientStreamRequest", bytes));
  const payload = await payloadOf(requests[0]?.responseDefinition, requests, call, stream);
  return encode(make("ClientStreamResponse", { payload }));
}

async function payloadOf(definition, requests, call, stream) {
  addMetadata(stream, definition);
  await sleep(definition?.responseDelayMs ?? 0);
  const requestInfo = infoOf(requests, call, stream);
  const response = definition?.response;
  if (response?.case === "error") throw failure(response.value, requestInfo, stream);
  return { data: response?.value, requestInfo };
}

async function* serverStream(bytes, call, stream) {
  const request = decode("ServerStreamRequest", bytes);
  const definition = request.responseDefinition;
  addMetadata(stream, definition);
  let requestInfo = infoOf([request], call, stream);
  for (const data of definition?.responseData ?? []) {
    await sleep(definition.responseDelayMs);
    yield encode(make("ServerStreamResponse", { payload: { data, requestInfo } }));
    requestInfo = undefined;
  }
  if (definition?.error !== undefined) throw failure(definition.error, requestInfo, stream);
}

async function* bidiStream(messages, call, stream) {
  let definition;
  let first;
  let requests = [];
  let count = 0;
  const reply = async () => {
    const data = definition.responseData[count];
    const requestInfo = count === 0 ? infoOf(requests, call, stream) : undefined;
    await sleep(definition.responseDelayMs);
    const others = count > 0 && first.fullDuplex && requests.length > 0 ? infoOf(requests) : undefined;
    count++;
    requests = [];
    return encode(make("BidiStreamResponse", { payload: { data, requestInfo: requestInfo ?? others } }));
  };
  for await (const bytes of messages) {
    const request = decode("BidiStreamRequest", bytes);
    requests.push(request);
    if (first === undefined) {
      first = request;
      definition = request.responseDefinition;
      addMetadata(stream, definition);
    }
    if (!first.fullDuplex) continue;
    if (count >= (definition?.responseData.length ?? 0)) break;
    yield await reply();
  }
  while (count < (definition?.responseData.length ?? 0)) yield await reply();
  if (definition?.error === undefined) return;
  throw failure(definition.error, count === 0 ? infoOf(requests, call, stream) : undefined, stream);
}

function addMetadata(stream, definition) {
  stream.responseHeaders = fieldsOf(definition?.responseHeaders);
  stream.responseTrailers = fieldsOf(definition?.responseTrailers);
}

function fieldsOf(headers) {
  return Object.fromEntries((headers ?? []).map(({ name, value }) => [name.toLowerCase(), value.join(", ")]));
}

/** What the client is told of its request; the first time also of its headers. */
function infoOf(requests, call, stream) {
  const info = make("ConformancePayload.RequestInfo", { requests: requests.map(pack) });
  if (stream === undefined) return info;
  info.requestHeaders = headersOf(stream.headers);
  if (stream.headers["grpc-timeout"] !== undefined)
    info.timeoutMs = BigInt(Math.max(0, Math.round(call.deadlineMs - Date.now())));
  return info;
}

/** The error that the suite asks for; Portico sends its code and text, and the details go with the trailers. */
function failure(error, requestInfo, stream) {
  const details = requestInfo === undefined ? error.details : [...error.details, pack(requestInfo)];
  const message = error.message ?? "";
  if (details.length > 0) {
    const status = encode(make("google.rpc.Status", { code: error.code, message, details }));
    const value = Buffer.from(status).toString("base64").replace(/=+$/, "");
    stream.responseTrailers = { ...stream.responseTrailers, "grpc-status-details-bin": value };
  }
  return new PorticoError(error.code, message);
}
