import { once } from "node:events";
import http2 from "node:http2";
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Authenticator } from "../auth/authenticator.js";
import { Code, PorticoError } from "../call/error.js";
import { type GatewayApi, GENERATED_VERSION, type Route } from "../call/route.js";
import type { Method } from "../upstream/upstream.js";
import { createGateway, type Gateway } from "./gateway.js";
import type { GatewayOptions } from "./gateway-options.js";
import type { LogEntry } from "./logger.js";

const identity = (bytes: Buffer) => bytes;
const SERVICE = "internal.v1.Echo";

/** Methods of the internal service that the tests' upstreams have. */
export const unaryMethod: Method = {
  service: SERVICE,
  name: "Unary",
  path: `/${SERVICE}/Unary`,
  kind: "unary",
};
export const streamMethod: Method = {
  service: SERVICE,
  name: "Stream",
  path: `/${SERVICE}/Stream`,
  kind: "server_streaming",
};

export type UnaryImpl = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void;
export type StreamImpl = (call: ServerWritableStream<Buffer, Buffer>) => void;

export interface TestUpstream {
  readonly target: string;
  readonly port: number;
  /** Calls received so far. */
  calls: number;
  stop(): void;
  /** Stops as a server should: tells clients, lets calls finish, frees the port. */
  shutdown(): Promise<void>;
}

/** A real gRPC server with raw bytes. */
export async function startUpstream(
  impl: { unary?: UnaryImpl; stream?: StreamImpl } = {},
  port = 0,
): Promise<TestUpstream> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const codec = {
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  const upstream = {
    target: "",
    port: 0,
    calls: 0,
    stop: () => server.forceShutdown(),
    shutdown: () => new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
  };
  const unary: UnaryImpl = impl.unary ?? ((call, reply) => reply(null, call.request));
  const stream: StreamImpl = impl.stream ?? ((call) => call.end());
  server.addService(
    {
      Unary: { path: unaryMethod.path, requestStream: false, responseStream: false, ...codec },
      Stream: { path: streamMethod.path, requestStream: false, responseStream: true, ...codec },
    },
    {
      Unary: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        upstream.calls++;
        unary(call, reply);
      },
      Stream: (call: ServerWritableStream<Buffer, Buffer>) => {
        upstream.calls++;
        stream(call);
      },
    },
  );
  upstream.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  upstream.target = `127.0.0.1:${upstream.port}`;
  return upstream;
}

/** Routes that pass their request on as it is, plus those given. */
export function testApi(extra: readonly Route[] = []): GatewayApi {
  const granted = { kind: "granted", roles: ["viewer"], scopes: [] } as const;
  return {
    version: GENERATED_VERSION,
    upstreams: [SERVICE],
    routes: [
      {
        path: "/api.v1.Api/Unary",
        policy: { kind: "public" },
        timeoutMs: 10_000,
        kind: "unary",
        handler: (request, call) => call.unary(unaryMethod, request),
      },
      {
        path: "/api.v1.Api/Guarded",
        policy: granted,
        timeoutMs: 10_000,
        kind: "unary",
        handler: (request, call) => call.unary(unaryMethod, request),
      },
      {
        path: "/api.v1.Api/Stream",
        policy: { kind: "public" },
        timeoutMs: 10_000,
        kind: "server_streaming",
        handler: (request, call) => call.serverStream(streamMethod, request),
      },
      ...extra,
    ],
  };
}

/** `authorization: test <role>` is somebody with that role; anything else is invalid. */
export const testAuthenticator: Authenticator = {
  authenticate(headers) {
    const { authorization } = headers;
    if (authorization === undefined) return undefined;
    const role = /^test (\w+)$/.exec(authorization)?.[1];
    if (role === undefined) throw new PorticoError(Code.UNAUTHENTICATED, "invalid credentials");
    return { subject: "somebody", roles: [role], scopes: [], claims: {} };
  },
};

export interface TestGateway {
  readonly gateway: Gateway;
  readonly port: number;
  readonly log: LogEntry[];
  readonly client: TestClient;
  close(): Promise<void>;
}

/** The transports that a gateway can have: what does not depend on one is tested on all. */
export const transports = ["node", "http2"] as const;

/** A gateway on a free port of the loopback interface, and a client of it. */
export async function startGateway(
  options: Partial<GatewayOptions> & Pick<GatewayOptions, "upstreams">,
): Promise<TestGateway> {
  const log: LogEntry[] = [];
  const gateway = createGateway({
    api: testApi(),
    authenticator: testAuthenticator,
    host: "127.0.0.1",
    port: 0,
    logger: (entry) => log.push(entry),
    ...options,
  });
  const { port } = await gateway.listen();
  const client = testClient(`127.0.0.1:${port}`);
  return {
    gateway,
    port,
    log,
    client,
    async close() {
      client.close();
      await gateway.close({ graceMs: 0 });
    },
  };
}

/** The upstreams option for a TestUpstream. */
export function targetsOf(upstream: { readonly target: string }): Record<string, string> {
  return { [SERVICE]: upstream.target };
}

export interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly reply: Buffer | undefined;
  /** Headers and trailers together. */
  readonly metadata: Metadata;
}

export interface CallSettings {
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface TestClient {
  readonly raw: Client;
  /** Resolves for errors too. */
  unary(method: string, request?: Buffer, settings?: CallSettings): Promise<Outcome>;
  close(): void;
}

/** A grpc-js client; `method` is a name of api.v1.Api, or a whole path. */
export function testClient(target: string, options: ChannelOptions = {}): TestClient {
  const raw = new Client(target, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    ...options,
  });
  return {
    raw,
    close: () => raw.close(),
    unary(method, request = Buffer.alloc(0), settings = {}) {
      return new Promise((resolve) => {
        const sent = new Metadata();
        for (const [name, value] of Object.entries(settings.headers ?? {})) sent.set(name, value);
        let received = new Metadata();
        let reply: Buffer | undefined;
        const call = raw.makeUnaryRequest(
          method.startsWith("/") ? method : `/api.v1.Api/${method}`,
          identity,
          identity,
          request,
          sent,
          settings.deadlineMs === undefined ? {} : { deadline: Date.now() + settings.deadlineMs },
          (_error, value) => {
            reply = value;
          },
        );
        settings.signal?.addEventListener("abort", () => call.cancel());
        call.on("metadata", (metadata: Metadata) => {
          received = metadata;
        });
        call.on("status", ({ code, details, metadata }) => {
          const all = received.clone();
          all.merge(metadata);
          resolve({ code, details, reply, metadata: all });
        });
      });
    },
  };
}

export interface RawAnswer {
  readonly headers: Record<string, string>;
  readonly trailers: Record<string, string>;
  readonly body: Buffer;
  /** The error code that the stream was closed with. */
  readonly rstCode: number;
}

export interface RawRequest {
  readonly headers?: Record<string, string>;
  readonly body?: readonly Buffer[];
  /** Leaves the request open. */
  readonly open?: boolean;
}

/** One request in plain HTTP/2, with nothing checked on the way. */
export async function rawRequest(port: number, path: string, request: RawRequest = {}): Promise<RawAnswer> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  try {
    return await rawRequestOn(session, path, request);
  } finally {
    session.destroy();
  }
}

export async function rawRequestOn(
  session: http2.ClientHttp2Session,
  path: string,
  { headers = {}, body = [], open = false }: RawRequest,
): Promise<RawAnswer> {
  const stream = session.request(
    { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
    { endStream: body.length === 0 && !open },
  );
  stream.on("error", () => {});
  let answered: Record<string, string> = {};
  let trailers: Record<string, string> = {};
  const received: Buffer[] = [];
  stream.on("response", (fields) => {
    answered = fields as Record<string, string>;
  });
  stream.on("trailers", (fields) => {
    trailers = fields as Record<string, string>;
  });
  stream.on("data", (part: Buffer) => received.push(part));
  for (const part of body) {
    if (stream.destroyed || stream.closed) break;
    stream.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!open && body.length > 0) stream.end();
  if (!stream.destroyed) await once(stream, "close");
  return {
    headers: answered,
    trailers,
    body: Buffer.concat(received as never[]),
    rstCode: stream.rstCode ?? 0,
  };
}

/** A gRPC message behind its head. */
export function envelope(message: Buffer, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message] as never[]);
}

/** Waits until `condition` holds; fails after ten seconds, which a busy machine may need. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`still not: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
