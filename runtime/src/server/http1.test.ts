import net from "node:net";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Route } from "../call/route.js";
import { type Identity, makeIdentity } from "./identity.test.support.js";
import { startGateway, type TestGateway, testApi, transports, until } from "./peers.test.support.js";

const echo: Route = {
  path: "/api.v1.Api/Echo",
  policy: { kind: "public" },
  timeoutMs: 5_000,
  kind: "unary",
  handler: async (request) => request,
};

describe.each(transports)("on %s", (transport) => {
  let identity: Identity;
  let clear: TestGateway;
  let secure: TestGateway;
  let hasty: TestGateway;

  beforeAll(async () => {
    identity = makeIdentity("gateway.test");
    const options = {
      upstreams: { "internal.v1.Echo": "127.0.0.1:1" },
      api: testApi([echo]),
      transport,
    };
    clear = await startGateway(options);
    secure = await startGateway({ ...options, tls: identity });
    hasty = await startGateway({ ...options, connections: { handshakeTimeoutMs: 300 } });
  });
  afterAll(async () => {
    await clear.close();
    await secure.close();
    await hasty.close();
  });

  /** All that comes back on a socket until it is closed. */
  function answerOn(socket: net.Socket, ...parts: Array<string | Buffer>): Promise<string> {
    return new Promise((resolve) => {
      let received = "";
      socket.on("error", () => {});
      socket.on("data", (part) => (received += part.toString("latin1")));
      socket.once("close", () => resolve(received));
      void (async () => {
        for (const part of parts) {
          socket.write(part);
          await new Promise((next) => setTimeout(next, 5));
        }
      })();
    });
  }

  const answer = (...parts: Array<string | Buffer>) =>
    answerOn(net.connect(clear.port, "127.0.0.1"), ...parts);

  it.each(["GET / HTTP/1.1", "POST /api.v1.Api/Echo HTTP/1.1", "OPTIONS * HTTP/1.0", "PROPFIND / HTTP/1.1"])(
    "is told that HTTP/2 is spoken: %s",
    async (line) => {
      const told = await answer(`${line}\r\nhost: a\r\n\r\n`);
      expect(told).toMatch(/^HTTP\/1\.1 505 .*\r\nconnection: close\r\n.*speaks HTTP\/2/s);
    },
  );

  it("is told of the content type, where it is another one", async () => {
    const head = "POST /api.v1.Api/Echo HTTP/1.1\r\nhost: a\r\n";
    const json = await answer(`${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
    expect(json).toMatch(/^HTTP\/1\.1 415 .*accept-post: application\/grpc\r\n/s);
    const grpc = await answer(`${head}content-type: application/grpc\r\ncontent-length: 2\r\n\r\n{}`);
    expect(grpc).toMatch(/^HTTP\/1\.1 505 /);
    expect(clear.log).toContainEqual(
      expect.objectContaining({ message: "request refused", code: "HTTP 415", method: "/api.v1.Api/Echo" }),
    );
  });

  it("is understood in however small parts", async () => {
    const text = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    expect(await answer(...text.slice(0, 6), text.slice(6))).toMatch(/^HTTP\/1\.1 505 /);
  });

  it("gets its answer before its body is read, if that is long, or is asked for", async () => {
    const head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n";
    const long = await answer(`${head}content-length: 1000000\r\n\r\n`, Buffer.alloc(100_000));
    expect(long).toMatch(/^HTTP\/1\.1 415 /);
    const asked = await answer(`${head}content-length: 1000000\r\nexpect: 100-continue\r\n\r\n`);
    expect(asked).toMatch(/^HTTP\/1\.1 415 /);
  });

  it("is no client that merely sends text", async () => {
    const told = await answer("INVALID CONNECTION PREFACE\r\n\r\n");
    expect(told).not.toContain("HTTP/1.1");
  });

  it.each([
    ["nothing", []],
    ["half of a method", ["GE"]],
    ["half of a head", ["GET / HTTP/1.1\r\nhost: a\r\n"]],
    ["half of a body", ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345"]],
    ["the beginning of HTTP/2", ["PRI * HT"]],
  ])("is not waited for without end, after %s", async (_name, parts) => {
    await answerOn(net.connect(hasty.port, "127.0.0.1"), ...parts);
  });

  it.each([
    ["two lengths", "content-length: 5\r\ncontent-length: 6\r\n"],
    ["a length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n"],
    ["chunks by another name", "transfer-encoding: xchunked\r\n"],
    ["lines that end in LF alone", "content-length: 5\nx: y\r\n"],
    ["space before a colon", "content-length : 5\r\n"],
  ])("smuggles no second request behind the first, by %s", async (_name, fields) => {
    const log = clear.log.length;
    const inner = "POST /api.v1.Api/Smuggled HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n\r\n";
    const told = await answer(`POST / HTTP/1.1\r\nhost: a\r\n${fields}\r\n0\r\n\r\n${inner}`);
    expect(told.match(/HTTP\/1\.1 \d+/g)).toEqual([expect.stringMatching(/ 400| 505/)]);
    expect(clear.log.slice(log).filter(({ method }) => method === "/api.v1.Api/Smuggled")).toEqual([]);
  });

  it("is refused a head that is too long", async () => {
    expect(await answer(`GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each([
    ["that is named", { ALPNProtocols: ["http/1.1"] }],
    ["where nothing is named", {}],
  ])("is answered over TLS: %s", async (_name, alpn) => {
    const socket = tls.connect({
      port: secure.port,
      host: "127.0.0.1",
      ca: identity.cert,
      servername: "gateway.test",
      ...alpn,
    });
    const told = await answerOn(socket, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(told).toMatch(/^HTTP\/1\.1 505 .*speaks HTTP\/2/s);
  });

  it("does not keep the gateway from closing", async () => {
    const closing = await startGateway({ upstreams: { "internal.v1.Echo": "127.0.0.1:1" }, transport });
    const socket = net.connect(closing.port, "127.0.0.1");
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write("GET / HTTP/1.1\r\n");
    await new Promise((resolve) => socket.once("connect", resolve));
    let asked = false;
    void closing.client.unary("Unary").then(() => (asked = true));
    // By then the gateway has read what came before.
    await until(() => asked);
    await closing.gateway.close({ graceMs: 60_000 });
    await closed;
    closing.client.close();
  });
});
