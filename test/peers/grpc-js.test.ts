import { readFileSync, rmSync } from "node:fs";
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Code } from "../../runtime/src/call/error.js";
import type { Gateway } from "../../runtime/src/server/gateway.js";
import { transports } from "../../runtime/src/server/peers.test.support.js";
import {
  barrier,
  certificate,
  directory,
  FAILURE_TEXT,
  LONG_VALUE,
  SERVICE,
  startEcho,
  TOGETHER,
} from "./support.js";
import { type PeerServer, securities, servesOurUpstreams } from "./upstream-suite.js";

// grpc-js at either end: its client against our front, our upstream against its server.

const MiB = 1024 * 1024;
const GZIP = 2;
type Identity = ReturnType<typeof certificate>;
const bytes = (message: Buffer) => message;
const path = (method: string) => `/${SERVICE}/${method}`;

afterAll(() => rmSync(directory, { recursive: true }));

describe.each(transports)("grpc-js calls our front with the transport %s", (transport) => {
  describe.each(securities)("on %s", (_name, secure) => {
    let gateway: Gateway;
    let connect: (options?: ChannelOptions) => Client;
    const clients: Client[] = [];

    beforeEach(async () => {
      const identity = secure ? certificate() : undefined;
      const served = await startEcho(identity, { transport, compression: { responseMinBytes: 1_000 } });
      gateway = served.gateway;
      const trust =
        identity === undefined
          ? credentials.createInsecure()
          : credentials.createSsl(readFileSync(identity.cert));
      connect = (options = {}) => {
        const client = new Client(`localhost:${served.port}`, trust, {
          "grpc.max_receive_message_length": 10 * MiB,
          "grpc.use_local_subchannel_pool": 1,
          ...options,
        });
        clients.push(client);
        return client;
      };
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) client.close();
      await gateway.close({ graceMs: 0 });
    });

    function unary(client: Client, method: string, message: Buffer, metadata = new Metadata()) {
      return new Promise<Buffer>((resolve, reject) => {
        client.makeUnaryRequest(path(method), bytes, bytes, message, metadata, (error, reply) =>
          error === null ? resolve(reply!) : reject(error),
        );
      });
    }

    /** The replies of each kind to messages that are all the same. */
    async function allKinds(client: Client, message: Buffer, metadata: Metadata): Promise<Buffer[][]> {
      const gathered = new Promise<Buffer>((resolve, reject) => {
        const call = client.makeClientStreamRequest(
          path("ClientStream"),
          bytes,
          bytes,
          metadata,
          (error, reply) => (error === null ? resolve(reply!) : reject(error)),
        );
        call.write(message);
        call.end(message);
      });
      const streamed = client.makeServerStreamRequest(path("ServerStream"), bytes, bytes, message, metadata);
      const echoed = client.makeBidiStreamRequest(path("BidiStream"), bytes, bytes, metadata);
      for (let i = 0; i < 3; i++) echoed.write(message);
      echoed.end();
      return Promise.all([
        unary(client, "Unary", message, metadata).then((reply) => [reply]),
        gathered.then((reply) => [reply]),
        collect(streamed),
        collect(echoed),
      ]);
    }

    describe.each([
      ["as they are", {}, {}],
      ["in gzip", { "grpc.default_compression_algorithm": GZIP }, {}],
      ["with long metadata", {}, { "x-long": LONG_VALUE }],
    ])("with requests %s", (_requests, options, headers) => {
      it.each([0, 1, 70_000, 4 * MiB])("of %i bytes, all kinds", async (length) => {
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        const message = Buffer.alloc(length, 7);
        const replies = await allKinds(connect(options), message, metadata);
        expect(replies.map((each) => each.map(({ byteLength }) => byteLength))).toEqual([
          [length],
          [2 * length],
          [length, length, length],
          [length, length, length],
        ]);
        expect(replies.flat(2).every((reply) => reply.every((byte) => byte === 7))).toBe(true);
      });
    });

    it("with metadata that is read whole", async () => {
      const metadata = new Metadata();
      metadata.set("x-long", `${LONG_VALUE}v`);
      await expect(unary(connect(), "Unary", Buffer.alloc(1), metadata)).rejects.toMatchObject({
        code: Code.UNAUTHENTICATED,
        details: "x-long has 8001 bytes",
      });
    });

    it("with a thousand calls at once on one connection", async () => {
      const client = connect();
      const replies = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => unary(client, "Unary", Buffer.from(`${i}`))),
      );
      expect(replies.map(String)).toEqual(replies.map((_, i) => `${i}`));
    });

    // A front takes 100 on a connection.
    it("with all of a thousand streams open at once", async () => {
      const ten = Array.from({ length: 10 }, () => connect());
      const replies = await Promise.all(
        Array.from({ length: TOGETHER }, (_, i) => unary(ten[i % 10]!, "Together", Buffer.from(`${i}`))),
      );
      expect(replies.map(String)).toEqual(replies.map((_, i) => `${i}`));
    });

    it("with failures", async () => {
      await expect(unary(connect(), "Fail", Buffer.alloc(1))).rejects.toMatchObject({
        code: Code.FAILED_PRECONDITION,
        details: FAILURE_TEXT,
      });
    });
  });
});

describe("a server of grpc-js", () => {
  // Its servers compress nothing.
  servesOurUpstreams(startServer, { compresses: false });
});

async function collect(messages: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

async function startServer(identity: Identity | undefined): Promise<PeerServer> {
  const server = new Server({ "grpc.max_receive_message_length": 10 * MiB });
  const define = (method: string, requestStream: boolean, responseStream: boolean) => ({
    path: path(method),
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  });
  const answer = (call: { metadata: Metadata; sendMetadata(metadata: Metadata): void }) => {
    const head = new Metadata();
    for (const value of call.metadata.get("x-long")) head.set("x-long", value);
    call.sendMetadata(head);
  };
  const together = barrier();
  server.addService(
    {
      Unary: define("Unary", false, false),
      Together: define("Together", false, false),
      Fail: define("Fail", false, false),
      ServerStream: define("ServerStream", false, true),
      ClientStream: define("ClientStream", true, false),
      BidiStream: define("BidiStream", true, true),
    },
    {
      Unary(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        answer(call);
        reply(null, call.request);
      },
      async Together(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        await together();
        reply(null, call.request);
      },
      Fail: (_call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
        reply({ code: Code.FAILED_PRECONDITION, details: FAILURE_TEXT }),
      ServerStream(call: ServerWritableStream<Buffer, Buffer>) {
        answer(call);
        for (let i = 0; i < 3; i++) call.write(call.request);
        call.end();
      },
      async ClientStream(call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        answer(call);
        reply(null, Buffer.concat((await collect(call)) as never[]));
      },
      BidiStream(call: ServerDuplexStream<Buffer, Buffer>) {
        answer(call);
        call.on("data", (message: Buffer) => call.write(message));
        call.on("end", () => call.end());
        call.on("error", () => {});
      },
    },
  );
  const trust =
    identity === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: readFileSync(identity.key), cert_chain: readFileSync(identity.cert) },
        ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", trust, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, complaints: () => "", stop: () => server.forceShutdown() };
}
