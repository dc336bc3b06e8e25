import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { createGateway, type Gateway, type LogEntry } from "@portico/runtime";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Compiled, compile, load } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";
import { encode } from "../support/invoke.js";
import { until } from "../support/peers.js";

const sources = sourcesOf(
  `
  service Docs {
    rpc Upload(stream Chunk) returns (Doc);
    rpc Chat(stream Chunk) returns (stream Doc);
  }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message Chunk { string topic = 1; bytes data = 2; string tenant = 3; }
  message Doc { string id = 1; string user_id = 2; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {authenticated: true} };
    rpc Upload(stream Chunk) returns (Doc) { option (portico.v1.method).timeout = "60s"; }
    rpc Chat(stream Chunk) returns (stream Doc) { option (portico.v1.method).timeout = "60s"; }
  }
  message Chunk { string topic = 1; bytes data = 2; }
  message Doc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"
    };
    string id = 1;
    string name = 2 [(portico.v1.field).from = "user.name"];
  }
  `,
);

type Upload = ServerReadableStream<Buffer, Buffer>;
type Chat = ServerDuplexStream<Buffer, Buffer>;
interface Impl {
  upload(call: Upload, reply: sendUnaryData<Buffer>): void;
  chat(call: Chat): void;
}
interface Ended {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly Buffer[];
}

const raw = (bytes: Buffer) => bytes;
const codec = {
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
};

/** The generated handlers, between a real client and real upstreams, on both fronts and both upstream channels. */
describe.each(["node", "http2"] as const)("streams of requests on the front %s", (transport) => {
  let compiled: Compiled;
  let server: Server;
  let gateway: Gateway;
  let client: Client;
  let impl: Impl;
  let batches: number;
  let cancelled: number;
  let log: LogEntry[];
  let expiresInMs: number | undefined;

  const doc = (json: Record<string, string>) => Buffer.from(encode(compiled.registry, "in.Doc", json));
  const publicDoc = (json: Record<string, string>) => Buffer.from(encode(compiled.registry, "pub.Doc", json));
  const chunk = (topic: string, bytes = 0) =>
    Buffer.from(
      encode(compiled.registry, "pub.Chunk", { topic, data: Buffer.alloc(bytes).toString("base64") }),
    );
  /** The first field of a chunk, a short string. */
  const topicOf = (bytes: Buffer) => bytes.toString("utf8", 2, 2 + bytes[1]!);

  beforeAll(async () => {
    compiled = compile(sources);
    const api = await load(compiled);
    server = new Server();
    const note = (call: { on(event: "cancelled", listener: () => void): void }) =>
      call.on("cancelled", () => {
        cancelled++;
      });
    server.addService(
      {
        Upload: { path: "/in.Docs/Upload", requestStream: true, responseStream: false, ...codec },
        Chat: { path: "/in.Docs/Chat", requestStream: true, responseStream: true, ...codec },
        Users: { path: "/in.Users/BatchGetUsers", requestStream: false, responseStream: false, ...codec },
      },
      {
        Upload: (call: Upload, reply: sendUnaryData<Buffer>) => {
          note(call);
          call.on("error", () => {});
          impl.upload(call, reply);
        },
        Chat: (call: Chat) => {
          note(call);
          call.on("error", () => {});
          impl.chat(call);
        },
        Users: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
          batches++;
          const users = idsOf(call.request).map((id) => ({ id, name: `n${id}` }));
          reply(null, Buffer.from(encode(compiled.registry, "in.Users_", { users })));
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    gateway = createGateway({
      api,
      transport,
      upstreams: { "in.Docs": `127.0.0.1:${port}`, "in.Users": `127.0.0.1:${port}` },
      authenticator: {
        authenticate: () => ({
          subject: "u1",
          roles: [],
          scopes: [],
          claims: {},
          ...(expiresInMs === undefined ? {} : { expiresAtMs: Date.now() + expiresInMs }),
        }),
      },
      limits: { maxRequestBytes: 100_000 },
      host: "127.0.0.1",
      port: 0,
      logger: (entry) => log.push(entry),
    });
    client = new Client(`127.0.0.1:${(await gateway.listen()).port}`, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await gateway.close({ graceMs: 0 });
    server.forceShutdown();
  });

  beforeEach(() => {
    batches = 0;
    cancelled = 0;
    log = [];
    expiresInMs = undefined;
    impl = {
      upload(call, reply) {
        const topics: string[] = [];
        call.on("data", (request: Buffer) => topics.push(topicOf(request)));
        call.on("end", () => reply(null, doc({ id: topics.join(), userId: "u" })));
      },
      chat(call) {
        call.on("data", (request: Buffer) => {
          if (!call.write(doc({ id: topicOf(request), userId: topicOf(request) }))) {
            call.pause();
            call.once("drain", () => call.resume());
          }
        });
        call.on("end", () => call.end());
      },
    };
  });

  afterEach(() => {
    expect(log.filter((entry) => entry.level === "error")).toEqual([]);
  });

  /** A client stream, and how it ends. */
  function upload(options: { deadlineMs?: number } = {}) {
    const messages: Buffer[] = [];
    const deadline = Date.now() + (options.deadlineMs ?? 30_000);
    let end: (status: StatusObject) => void = () => {};
    const call = client.makeClientStreamRequest<Buffer, Buffer>(
      "/pub.Api/Upload",
      raw,
      raw,
      { deadline },
      (_: ServiceError | null, reply?: Buffer) => {
        if (reply !== undefined) messages.push(reply);
      },
    );
    const ended = new Promise<Ended>((resolve) => {
      end = ({ code, details }) => resolve({ code, details, messages });
    });
    call.on("status", (status: StatusObject) => end(status));
    call.on("error", () => {});
    return { call, ended };
  }

  /** A stream in both directions, what it has received, and how it ends. */
  function chat(options: { deadlineMs?: number } = {}) {
    const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest("/pub.Api/Chat", raw, raw, {
      deadline: Date.now() + (options.deadlineMs ?? 30_000),
    });
    const messages: Buffer[] = [];
    call.on("data", (message: Buffer) => messages.push(message));
    call.on("error", () => {});
    const ended = new Promise<Ended>((resolve) => {
      call.on("status", ({ code, details }: StatusObject) => resolve({ code, details, messages }));
    });
    return { call, ended, messages };
  }

  it("passes a stream on, and joins its reply", async () => {
    const { call, ended } = upload();
    for (const topic of ["a", "b", "c"]) call.write(chunk(topic));
    call.end();
    expect(await ended).toMatchObject({
      code: status.OK,
      messages: [publicDoc({ id: "a,b,c", name: "nu" })],
    });
  });

  it("passes an empty stream on", async () => {
    const { call, ended } = upload();
    call.end();
    expect((await ended).messages).toEqual([publicDoc({ id: "", name: "nu" })]);
  });

  it("answers each message of a stream in its turn, before the stream ends", async () => {
    const { call, ended, messages } = chat();
    for (const topic of ["a", "b", "c"]) {
      call.write(chunk(topic));
      const before = messages.length;
      await until(() => messages.length > before);
      expect(messages.at(-1)).toEqual(publicDoc({ id: topic, name: `n${topic}` }));
    }
    call.end();
    expect(await ended).toMatchObject({ code: status.OK });
  });

  it("keeps the order of many messages, and shares calls between them", async () => {
    const { call, ended } = chat();
    const count = 1000;
    for (let i = 0; i < count; i++) call.write(chunk(String(i)));
    call.end();
    const { code, messages } = await ended;
    expect(code).toBe(status.OK);
    expect(messages).toEqual(
      Array.from({ length: count }, (_, i) => publicDoc({ id: `${i}`, name: `n${i}` })),
    );
    expect(batches).toBeLessThan(count);
  });

  it("takes messages that are long, and that are compressed", async () => {
    const gzip = new Client(
      client.getChannel().getTarget().replace(/^dns:/, ""),
      credentials.createInsecure(),
      {
        "grpc.default_compression_algorithm": 2,
      },
    );
    const messages: Buffer[] = [];
    const call = gzip.makeBidiStreamRequest<Buffer, Buffer>("/pub.Api/Chat", raw, raw);
    call.on("data", (message: Buffer) => messages.push(message));
    call.on("error", () => {});
    for (const topic of ["a", "b"]) call.write(chunk(topic, 90_000));
    call.end();
    const { code } = await new Promise<StatusObject>((resolve) => call.on("status", resolve));
    gzip.close();
    expect(code).toBe(status.OK);
    expect(messages).toEqual(["a", "b"].map((id) => publicDoc({ id, name: `n${id}` })));
  });

  it.each(["upload", "chat"] as const)(
    "%s: a malformed message is INVALID_ARGUMENT, and cancels",
    async (kind) => {
      const { call, ended } = kind === "upload" ? upload() : chat();
      call.write(chunk("a"));
      call.write(Buffer.from([0x0a, 5]));
      expect(await ended).toMatchObject({ code: status.INVALID_ARGUMENT, details: "malformed request" });
      await until(() => cancelled === 1);
    },
  );

  it.each(["upload", "chat"] as const)("%s: a message that is too long ends it", async (kind) => {
    const { call, ended } = kind === "upload" ? upload() : chat();
    call.write(chunk("a"));
    call.write(chunk("b", 100_001));
    expect(await ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: "the request is longer than 100000 bytes",
    });
    await until(() => cancelled === 1);
  });

  it.each(["upload", "chat"] as const)(
    "%s: ends with its upstream, while the client still sends",
    async (kind) => {
      impl.upload = (_, reply) => reply({ code: status.NOT_FOUND, details: "secret" });
      impl.chat = (call) => call.emit("error", { code: status.NOT_FOUND, details: "secret" });
      const { call, ended } = kind === "upload" ? upload() : chat();
      call.write(chunk("a"));
      expect(await ended).toMatchObject({ code: status.NOT_FOUND, details: "not found" });
    },
  );

  it("gives a reply that comes before the stream ends", async () => {
    impl.upload = (call, reply) => call.once("data", () => reply(null, doc({ id: "early" })));
    const { call, ended } = upload();
    call.write(chunk("a"));
    expect(await ended).toMatchObject({ code: status.OK, messages: [publicDoc({ id: "early" })] });
  });

  it("ends when its upstream has said all", async () => {
    impl.chat = (call) => {
      call.write(doc({ id: "bye" }));
      call.end();
    };
    const { ended } = chat();
    expect(await ended).toMatchObject({ code: status.OK, messages: [publicDoc({ id: "bye" })] });
  });

  it.each(["upload", "chat"] as const)("%s: is cancelled when the client goes", async (kind) => {
    let received = 0;
    const hang = (call: Upload | Chat) => call.on("data", () => received++);
    impl.upload = hang;
    impl.chat = hang;
    const { call, ended } = kind === "upload" ? upload() : chat();
    call.write(chunk("a"));
    await until(() => received === 1);
    call.cancel();
    expect(await ended).toMatchObject({ code: status.CANCELLED });
    await until(() => cancelled === 1);
  });

  it.each(["upload", "chat"] as const)("%s: ends at its deadline", async (kind) => {
    const hang = (call: Upload | Chat) => call.resume();
    impl.upload = hang;
    impl.chat = hang;
    const { call, ended } = kind === "upload" ? upload({ deadlineMs: 400 }) : chat({ deadlineMs: 400 });
    call.write(chunk("a"));
    expect(await ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await until(() => cancelled === 1);
  });

  it.each(["upload", "chat"] as const)("%s: ends when the credentials expire", async (kind) => {
    expiresInMs = 300;
    const hang = (call: Upload | Chat) => call.resume();
    impl.upload = hang;
    impl.chat = hang;
    const { call, ended } = kind === "upload" ? upload() : chat();
    call.write(chunk("a"));
    expect(await ended).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: "the credentials have expired",
    });
    await until(() => cancelled === 1);
  });

  it.each(["upload", "chat"] as const)(
    "%s: an upstream that does not read pauses the client",
    async (kind) => {
      impl.upload = () => {};
      impl.chat = () => {};
      const { call, ended } = kind === "upload" ? upload() : chat();
      const message = chunk("a", 16_000);
      let written = 0;
      const write = () => {
        call.write(message, () => {
          written += message.length;
          write();
        });
      };
      write();
      let before = -1;
      while (before !== written) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      // The windows on both ways and what lies between; endless otherwise.
      expect(written).toBeGreaterThan(0);
      expect(written).toBeLessThan(8_000_000);
      call.cancel();
      await ended;
      await until(() => cancelled === 1);
    },
  );
});

/** The strings of `repeated string ids = 1`, each shorter than 128 bytes. */
function idsOf(bytes: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at < bytes.length; at += 2 + bytes[at + 1]!) {
    ids.push(bytes.toString("utf8", at + 2, at + 2 + bytes[at + 1]!));
  }
  return ids;
}
