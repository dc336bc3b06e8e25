import { randomBytes } from "node:crypto";
import http2 from "node:http2";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import type { Method } from "../upstream/upstream.js";
import {
  envelope,
  rawRequest,
  rawRequestOn,
  startGateway,
  type TestGateway,
  testApi,
  testClient,
  transports,
} from "./peers.test.support.js";

const MIN_BYTES = 1_000;
const long = Buffer.alloc(5_000, "ab");
const noise = randomBytes(2_000);
const open = { policy: { kind: "public" }, timeoutMs: 10_000 } as const;
const echo: Method = {
  service: "raw.v1.Echo",
  name: "Echo",
  path: "/raw.v1.Echo/Echo",
  kind: "bidi_streaming",
};
const accepting = { "grpc-accept-encoding": "identity, gzip" };

/** The messages of a body. */
function messagesOf(body: Buffer): Array<{ compressed: boolean; message: Buffer }> {
  const messages = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const raw = body.subarray(at + 5, end);
    const compressed = body[at] === 1;
    messages.push({ compressed, message: compressed ? gunzipSync(raw as never) : raw });
    at = end;
  }
  return messages;
}

describe.each(transports)("on %s", (transport) => {
  let served: TestGateway;
  let received: Array<{ encoding: unknown; body: Buffer }> = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  // A service that tells what comes on the wire, and gives it back as it came.
  const service = http2.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const encoding = request.headers["grpc-encoding"];
      const body = Buffer.concat(parts as never[]);
      received.push({ encoding, body });
      response.writeHead(200, {
        "content-type": "application/grpc",
        ...(encoding === undefined ? {} : { "grpc-encoding": encoding as string }),
      });
      response.addTrailers({ "grpc-status": "0" });
      response.end(body);
    });
  });
  service.on("session", (session) => sessions.add(session));

  const routes: Route[] = [
    { ...open, kind: "unary", path: "/a.A/Unary", handler: (request, call) => call.unary(echo, request) },
    {
      ...open,
      kind: "server_streaming",
      path: "/a.A/Stream",
      async *handler() {
        for (const message of [long, Buffer.from("short"), noise, long]) yield message;
      },
    },
    {
      ...open,
      kind: "bidi_streaming",
      path: "/a.A/Chat",
      handler: (requests, call) => call.bidiStream(echo, requests),
    },
    {
      ...open,
      kind: "server_streaming",
      path: "/a.A/One",
      handler: (request, call) => call.serverStream(echo, request),
    },
  ];

  beforeAll(async () => {
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const { port } = service.address() as { port: number };
    served = await startGateway({
      upstreams: { [echo.service]: `127.0.0.1:${port}`, "internal.v1.Echo": "127.0.0.1:1" },
      api: testApi(routes),
      transport,
      compression: { responseMinBytes: MIN_BYTES, requestMinBytes: MIN_BYTES },
    });
  });
  afterAll(async () => {
    await served.close();
    for (const session of sessions) session.destroy();
    service.close();
  });

  async function ask(method: string, message: Buffer, headers: Record<string, string> = accepting) {
    received = [];
    const answer = await rawRequest(served.port, `/a.A/${method}`, { headers, body: [envelope(message)] });
    expect(answer.trailers["grpc-status"]).toBe("0");
    const messages = messagesOf(answer.body);
    return { encoding: answer.headers["grpc-encoding"], messages };
  }

  it("compresses long answers and requests, and reads them", async () => {
    const { encoding, messages } = await ask("Unary", long);
    expect(encoding).toBe("gzip");
    expect(messages).toEqual([{ compressed: true, message: long }]);
    expect(received[0]!.encoding).toBe("gzip");
    expect(received[0]!.body.length).toBeLessThan(200);
    expect(messagesOf(received[0]!.body)).toEqual([{ compressed: true, message: long }]);
  });

  it("leaves short ones", async () => {
    const { encoding, messages } = await ask("Unary", Buffer.alloc(MIN_BYTES - 1));
    expect(encoding).toBe(undefined);
    expect(messages).toEqual([{ compressed: false, message: Buffer.alloc(MIN_BYTES - 1) }]);
    expect(received[0]!.body.length).toBe(MIN_BYTES - 1 + 5);
  });

  it.each<[string, Record<string, string>]>([
    ["says nothing", {}],
    ["accepts others", { "grpc-accept-encoding": "identity,deflate,xgzip" }],
  ])("leaves answers to who %s", async (_name, headers) => {
    const { encoding, messages } = await ask("Unary", long, headers);
    expect(encoding).toBe(undefined);
    expect(messages).toEqual([{ compressed: false, message: long }]);
  });

  it("compresses each message of a stream by itself, in order", async () => {
    const { encoding, messages } = await ask("Stream", Buffer.alloc(0));
    expect(encoding).toBe("gzip");
    expect(messages).toEqual([
      { compressed: true, message: long },
      { compressed: false, message: Buffer.from("short") },
      // It does not become shorter.
      { compressed: false, message: noise },
      { compressed: true, message: long },
    ]);
    const plain = await ask("Stream", Buffer.alloc(0), {});
    expect(plain.encoding).toBe(undefined);
    expect(plain.messages.map(({ compressed }) => compressed)).toEqual([false, false, false, false]);
  });

  it("compresses the requests of streams", async () => {
    await ask("One", long);
    expect(messagesOf(received[0]!.body)).toEqual([{ compressed: true, message: long }]);
    received = [];
    const body = [envelope(long), envelope(Buffer.from("x")), envelope(long)];
    const answer = await rawRequest(served.port, "/a.A/Chat", { headers: accepting, body });
    expect(messagesOf(received[0]!.body)).toEqual([
      { compressed: true, message: long },
      { compressed: false, message: Buffer.from("x") },
      { compressed: true, message: long },
    ]);
    expect(messagesOf(answer.body).map(({ message }) => message.length)).toEqual([5_000, 1, 5_000]);
  });

  it("is understood by grpc-js, many at once", async () => {
    const client = testClient(`127.0.0.1:${served.port}`);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => client.unary("/a.A/Unary", Buffer.alloc(1_000 + i, "x"))),
    );
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => Code.OK));
    expect(answers.map(({ reply }) => reply?.length)).toEqual(answers.map((_, i) => 1_000 + i));
    client.close();
  });

  it("harms nobody when clients leave meanwhile", async () => {
    for (let round = 0; round < 10; round++) {
      const session = http2.connect(`http://127.0.0.1:${served.port}`);
      session.on("error", () => {});
      const asked = ["Unary", "Stream", "Chat"].map((method) =>
        rawRequestOn(session, `/a.A/${method}`, { headers: accepting, body: [envelope(long)] }),
      );
      await new Promise((resolve) => setTimeout(resolve, round));
      session.destroy();
      await Promise.allSettled(asked);
    }
    expect((await ask("Unary", long)).messages).toEqual([{ compressed: true, message: long }]);
  });

  it("stops bombs of requests within the bound of memory, while others are served", async () => {
    // 10 MB in 10 KB each, where a request may have 1 MiB.
    const bomb = envelope(gzipSync(Buffer.alloc(10_000_000)), { flag: 1 });
    const before = process.resourceUsage().maxRSS;
    const session = http2.connect(`http://127.0.0.1:${served.port}`);
    session.on("error", () => {});
    const bombs = Promise.all(
      Array.from({ length: 100 }, () =>
        rawRequestOn(session, "/a.A/Unary", { headers: { "grpc-encoding": "gzip" }, body: [bomb] }),
      ),
    );
    expect((await served.client.unary("/a.A/Unary", long)).code).toBe(Code.OK);
    for (const { headers } of await bombs)
      expect(headers["grpc-status"]).toBe(String(Code.RESOURCE_EXHAUSTED));
    session.destroy();
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 * 1024);
  });

  it("stops a bomb of an answer", async () => {
    const bomb = envelope(gzipSync(Buffer.alloc(10_000_000)), { flag: 1 });
    const liar = http2.createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/grpc", "grpc-encoding": "gzip" });
      response.addTrailers({ "grpc-status": "0" });
      response.end(bomb);
    });
    liar.on("session", (session) => sessions.add(session));
    await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
    const gateway = await startGateway({
      upstreams: {
        [echo.service]: `127.0.0.1:${(liar.address() as { port: number }).port}`,
        "internal.v1.Echo": "127.0.0.1:1",
      },
      api: testApi(routes),
      transport,
    });
    for (const method of ["Unary", "One"]) {
      expect((await gateway.client.unary(`/a.A/${method}`)).code).toBe(Code.RESOURCE_EXHAUSTED);
    }
    expect(JSON.stringify(gateway.log)).toMatch(/4194304/);
    await gateway.close();
    liar.close();
  });
});
