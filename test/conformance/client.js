// The client under test: each RPC that the runner asks for, made through Portico's own upstream.
import { http2Upstream } from "../../runtime/dist/upstream/http2-upstream.js";
import { UpstreamError } from "../../runtime/dist/upstream/upstream.js";
import { decode, headersOf, make, received, schema, send, sleep } from "./messages.js";
import { observe } from "./observe.js";

const defaultService = "connectrpc.conformance.v1.ConformanceService";
const kinds = ["", "unary", "client_streaming", "server_streaming", "bidi_streaming", "bidi_streaming"];
const FULL_DUPLEX = 5;
// Of the enum Compression.
const GZIP = 2;

const upstreams = new Map();

async function answer(request) {
  const { testName } = request;
  let result;
  try {
    result = { case: "response", value: await invoke(request) };
  } catch (thrown) {
    result = {
      case: "error",
      value: make("ClientErrorResult", { message: String(thrown?.stack ?? thrown) }),
    };
  }
  send(make("ClientCompatResponse", { testName, result }));
}

/** Makes the RPC, and gives all that came of it. */
async function invoke(request) {
  const service = request.service ?? defaultService;
  const name = request.method ?? "Unary";
  const method = { service, name, path: `/${service}/${name}`, kind: kinds[request.streamType] };
  const upstream = upstreamOf(request, service);
  const observed = observe(method);
  const call = new Call(request, method);
  let error;
  try {
    if (method.kind === "unary") await call.unary(upstream);
    else if (method.kind === "server_streaming") await call.serverStream(upstream);
    else if (method.kind === "client_streaming") await call.clientStream(upstream);
    else await call.bidiStream(upstream);
  } catch (thrown) {
    if (!(thrown instanceof UpstreamError)) throw thrown;
    error = errorOf(thrown, observed);
  }
  return make("ClientResponseResult", {
    responseHeaders: headersOf(observed.headers),
    responseTrailers: headersOf(observed.trailers),
    payloads: call.payloads,
    error,
    numUnsentRequests: call.unsent,
  });
}

class Call {
  payloads = [];

  #request;
  #method;
  #context;
  #cancel;
  #bodies;
  #sent = 0;
  #answered = () => {};

  constructor(request, method) {
    this.#request = request;
    this.#method = method;
    this.#bodies = request.requestMessages.map((any) => any.value);
    this.#context = contextOf(request);
    this.#cancel = () => this.#context.cancel();
  }

  get unsent() {
    return this.#bodies.length - this.#sent;
  }

  async unary(upstream) {
    this.#cancelLater();
    this.#sent = 1;
    this.#take(await upstream.unary(this.#method, this.#bodies[0], this.#context));
  }

  async serverStream(upstream) {
    this.#cancelLater();
    this.#sent = 1;
    await this.#takeAll(upstream.serverStream(this.#method, this.#bodies[0], this.#context));
  }

  async clientStream(upstream) {
    this.#take(await upstream.clientStream(this.#method, this.#requests(), this.#context));
  }

  async bidiStream(upstream) {
    await this.#takeAll(upstream.bidiStream(this.#method, this.#requests(), this.#context));
  }

  async *#requests() {
    const { requestDelayMs, streamType, cancel } = this.#request;
    for (const body of this.#bodies) {
      await sleep(requestDelayMs);
      const answered = new Promise((resolve) => {
        this.#answered = resolve;
      });
      this.#sent++;
      yield body;
      if (streamType === FULL_DUPLEX) await answered;
    }
    if (cancel?.cancelTiming.case === "beforeCloseSend") {
      this.#cancel();
      // The call ends before its requests do.
      await new Promise(() => {});
    }
    this.#cancelLater();
  }

  /** All requests are sent, and their end is about to be. */
  #cancelLater() {
    const { cancel } = this.#request;
    if (cancel === undefined) return;
    const { case: timing, value } = cancel.cancelTiming;
    if (timing === undefined) setTimeout(this.#cancel, 0);
    else if (timing === "afterCloseSendMs") setTimeout(this.#cancel, value);
  }

  async #takeAll(messages) {
    const { cancel } = this.#request;
    try {
      for await (const message of messages) {
        this.#take(message);
        const { case: timing, value } = cancel?.cancelTiming ?? {};
        if (timing === "afterNumResponses" && this.payloads.length === value) this.#cancel();
        this.#answered();
      }
    } finally {
      this.#answered();
    }
  }

  #take(bytes) {
    const name = `${this.#method.name}Response`;
    // UnimplementedResponse has none.
    if (schema(name).field.payload === undefined) return;
    const { payload } = decode(name, bytes);
    this.payloads.push(payload ?? make("ConformancePayload"));
  }
}

function contextOf({ timeoutMs, messageReceiveLimit, requestHeaders }) {
  const listeners = new Set();
  let cancelled = false;
  return {
    deadlineMs: timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs,
    maxResponseBytes: messageReceiveLimit || Number.MAX_SAFE_INTEGER,
    metadata: requestHeaders.flatMap(({ name, value }) => value.map((one) => [name.toLowerCase(), one])),
    onCancel(listener) {
      if (cancelled) listener();
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
    cancel() {
      cancelled = true;
      for (const listener of listeners) listener();
    },
  };
}

function upstreamOf({ host, port, serverTlsCert, clientTlsCreds, compression }, service) {
  const compressed = compression === GZIP;
  const credentials = [serverTlsCert, clientTlsCreds?.cert ?? [], clientTlsCreds?.key ?? []];
  const key = [
    host,
    port,
    service,
    compressed,
    ...credentials.map((one) => Buffer.from(one).toString("latin1")),
  ].join("\n");
  let upstream = upstreams.get(key);
  if (upstream === undefined) {
    const [rootCerts, cert, clientKey] = credentials.map((one) =>
      one.length === 0 ? undefined : Buffer.from(one),
    );
    upstream = http2Upstream({
      targets: { [service]: `${host}:${port}` },
      ...(compressed ? { compressMinBytes: 0 } : {}),
      ...(rootCerts === undefined ? {} : { tls: { rootCerts, cert, key: clientKey } }),
    });
    upstreams.set(key, upstream);
  }
  return upstream;
}

function errorOf({ code, message }, { trailers }) {
  const details = trailers?.["grpc-status-details-bin"];
  const status =
    details === undefined ? undefined : decode("google.rpc.Status", Buffer.from(details, "base64"));
  return make("Error", { code, message, details: status?.details ?? [] });
}

// No more at once: the suite allows half a second from the start of a call with a timeout until its server has it, and
// hundreds that start together on a busy machine take longer than that to be sent.
const MOST_AT_ONCE = 4;
const running = new Set();
for await (const request of received("ClientCompatRequest")) {
  const answered = answer(request).then(() => running.delete(answered));
  running.add(answered);
  if (running.size >= MOST_AT_ONCE) await Promise.race(running);
}
await Promise.all(running);
for (const upstream of upstreams.values()) await upstream.close();
