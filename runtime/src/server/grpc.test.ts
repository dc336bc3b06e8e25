import http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import {
  envelope,
  type RawRequest,
  rawRequest,
  rawRequestOn,
  startGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
  targetsOf,
  testClient,
  transports,
  until,
} from "./peers.test.support.js";

describe.each(transports)("on %s", (transport) => {
  const serve: typeof startGateway = (options) => startGateway({ transport, ...options });

  let upstream: TestUpstream;
  let served: TestGateway;
  const seen: Record<string, unknown>[] = [];

  beforeAll(async () => {
    upstream = await startUpstream({
      unary: (call, reply) => {
        seen.push(call.metadata.getMap());
        reply(null, call.request);
      },
      stream: (call) => {
        for (let i = 0; i < 3; i++) call.write(Buffer.from(`${call.request}${i}`));
        call.end();
      },
    });
    served = await serve({
      upstreams: targetsOf(upstream),
      limits: { maxRequestBytes: 1000 },
      forwardHeaders: ["x-tenant"],
    });
  });
  afterAll(async () => {
    await served.close();
    upstream.stop();
  });

  const path = "/api.v1.Api/Unary";

  describe("a unary call", () => {
    it("passes the bytes through and carries a request id", async () => {
      const first = await served.client.unary("Unary", Buffer.from("hello"));
      const second = await served.client.unary("Unary", Buffer.alloc(0));
      expect(first).toMatchObject({ code: 0, reply: Buffer.from("hello") });
      expect(second.reply).toHaveLength(0);
      const ids = [first, second].map(({ metadata }) => metadata.get("x-request-id")[0]);
      expect(ids[0]).toMatch(/^[0-9a-f]{10}-[0-9a-z]+$/);
      expect(ids[0]).not.toBe(ids[1]);
    });

    it("is answered with headers, one message and trailers", async () => {
      const answer = await rawRequest(served.port, path, { body: [envelope(Buffer.from("abc"))] });
      expect(answer.headers).toMatchObject({
        ":status": 200,
        "content-type": "application/grpc+proto",
        "grpc-accept-encoding": "identity,gzip",
      });
      expect(answer.body).toEqual(envelope(Buffer.from("abc")));
      expect(answer.trailers).toMatchObject({ "grpc-status": "0" });
    });

    it("takes a message in parts of any size", async () => {
      const whole = envelope(Buffer.from("hello world"));
      const answer = await rawRequest(served.port, path, {
        body: [...whole].map((byte) => Buffer.from([byte])),
      });
      expect(answer.body).toEqual(whole);
    });

    it("takes a message of the size limit, and none over it", async () => {
      const exactly = await served.client.unary("Unary", Buffer.alloc(1000));
      const over = await served.client.unary("Unary", Buffer.alloc(1001));
      expect(exactly.code).toBe(Code.OK);
      expect(over).toMatchObject({
        code: Code.RESOURCE_EXHAUSTED,
        details: "the request is longer than 1000 bytes",
      });
    });

    it("answers a hundred at once on one connection, 256 KiB each", async () => {
      const big = await serve({ upstreams: targetsOf(upstream) });
      const message = Buffer.alloc(256 * 1024, 7);
      const all = await Promise.all(Array.from({ length: 100 }, () => big.client.unary("Unary", message)));
      expect(all.map(({ code, reply }) => [code, reply?.length])).toEqual(all.map(() => [0, message.length]));
      await big.close();
    });
  });

  describe("what upstreams are told", () => {
    it("is ids and listed headers, and nothing else of the client's", async () => {
      seen.length = 0;
      const headers = {
        "x-tenant": "acme",
        "x-user-id": "admin",
        authorization: "test viewer",
        cookie: "a=b",
        traceparent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        "x-request-id": "mine",
      };
      const { metadata } = await served.client.unary("Unary", Buffer.alloc(0), { headers });
      const { "user-agent": _agent, ...told } = seen[0]!;
      expect(told).toEqual({
        "x-request-id": metadata.get("x-request-id")[0],
        "x-tenant": "acme",
        traceparent: expect.stringMatching(
          /^00-0123456789abcdef0123456789abcdef-(?!0123456789abcdef)[0-9a-f]{16}-01$/,
        ),
      });
      expect(told["x-request-id"]).not.toBe("mine");
    });
  });

  describe("a listed header that metadata cannot carry", () => {
    it("is left out, and the call is made", async () => {
      seen.length = 0;
      const headers = { "x-tenant": "caf\xe9" };
      const answer = await rawRequest(served.port, path, { headers, body: [envelope(Buffer.from("x"))] });
      expect(answer.trailers["grpc-status"]).toBe("0");
      expect(seen[0]).not.toHaveProperty("x-tenant");
    });
  });

  describe("requests that are refused in plain HTTP", () => {
    const cases: Array<[string, string, RawRequest, number]> = [
      ["GET", path, { headers: { ":method": "GET" } }, 405],
      ["unknown path, not gRPC", "/nowhere", { headers: { "content-type": "text/html" } }, 404],
      ["JSON", path, { headers: { "content-type": "application/json" } }, 415],
      ["gRPC with JSON", path, { headers: { "content-type": "application/grpc+json" } }, 415],
      ["gRPC-Web", path, { headers: { "content-type": "application/grpc-web" } }, 415],
      ["no content type", path, { headers: { "content-type": "" } }, 415],
      ["101 headers", path, { headers: Object.fromEntries(range(101).map((i) => [`x-h${i}`, "1"])) }, 431],
      ["17 KiB of headers", path, { headers: { "x-long": "v".repeat(17 * 1024) } }, 431],
    ];
    it.each(cases)("%s", async (_name, at, request, status) => {
      const { headers } = await rawRequest(served.port, at, request);
      expect(headers[":status"]).toBe(status);
    });
  });

  describe("requests that are refused in gRPC", () => {
    const message = envelope(Buffer.from("hello"));
    const gzip = { "grpc-encoding": "gzip" };
    const cases: Array<[string, RawRequest & { at?: string }, number, RegExp]> = [
      ["unknown method", { at: "/api.v1.Api/Nope" }, Code.UNIMPLEMENTED, /^unknown method$/],
      ["path with a query", { at: `${path}?a`, body: [message] }, Code.UNIMPLEMENTED, /^unknown method$/],
      ["no message", {}, Code.UNIMPLEMENTED, /exactly one/],
      ["empty data", { body: [Buffer.alloc(0)] }, Code.UNIMPLEMENTED, /exactly one/],
      ["two messages", { body: [message, message] }, Code.UNIMPLEMENTED, /exactly one/],
      [
        "two messages in one part",
        { body: [Buffer.concat([message, message] as never[])] },
        Code.UNIMPLEMENTED,
        /one/,
      ],
      ["half a head", { body: [message.subarray(0, 3)] }, Code.INVALID_ARGUMENT, /within a message/],
      ["half a message", { body: [message.subarray(0, 8)] }, Code.INVALID_ARGUMENT, /within a message/],
      ["unknown flags", { body: [envelope(Buffer.from("x"), { flag: 2 })] }, Code.INVALID_ARGUMENT, /flags/],
      [
        "promise of 4 GiB",
        { body: [envelope(Buffer.from("x"), { length: 2 ** 32 - 1 })], open: true },
        8,
        /longer/,
      ],
      [
        "compressed, no encoding",
        { body: [envelope(Buffer.from("x"), { flag: 1 })] },
        Code.INTERNAL,
        /compressed/,
      ],
      [
        "compressed, identity",
        { headers: { "grpc-encoding": "identity" }, body: [envelope(Buffer.from("x"), { flag: 1 })] },
        Code.INTERNAL,
        /compressed/,
      ],
      [
        "unknown encoding",
        { headers: { "grpc-encoding": "br" }, body: [message] },
        Code.UNIMPLEMENTED,
        /encoding/,
      ],
      [
        "no gzip in it",
        { headers: gzip, body: [envelope(Buffer.from("x"), { flag: 1 })] },
        3,
        /decompressed/,
      ],
      [
        "gzip bomb",
        { headers: gzip, body: [envelope(gzipSync(Buffer.alloc(500_000)), { flag: 1 })] },
        8,
        /longer/,
      ],
      ["timeout without unit", { headers: { "grpc-timeout": "100" } }, Code.INVALID_ARGUMENT, /grpc-timeout/],
      [
        "timeout of 9 digits",
        { headers: { "grpc-timeout": "123456789m" } },
        Code.INVALID_ARGUMENT,
        /grpc-timeout/,
      ],
      [
        "invalid credentials",
        { headers: { authorization: "?" }, body: [message] },
        Code.UNAUTHENTICATED,
        /^invalid/,
      ],
    ];
    it.each(cases)("%s", async (_name, { at = path, ...request }, code, text) => {
      const calls = upstream.calls;
      const answer = await rawRequest(served.port, at, request);
      expect(answer.headers).toMatchObject({ ":status": 200, "grpc-status": String(code) });
      expect(answer.headers["grpc-message"]).toMatch(text);
      expect(answer.headers["x-request-id"]).toBeDefined();
      expect(answer.headers["grpc-accept-encoding"]).toBe("identity,gzip");
      expect(upstream.calls).toBe(calls);
    });

    it("does not need the body to deny, and serves on", async () => {
      const calls = upstream.calls;
      const session = http2.connect(`http://127.0.0.1:${served.port}`);
      const answer = await rawRequestOn(session, "/api.v1.Api/Guarded", {
        body: range(20).map(() => Buffer.alloc(16_384)),
        open: true,
        headers: { authorization: "test guest" },
      });
      expect(answer.headers).toMatchObject({ "grpc-status": String(Code.PERMISSION_DENIED) });
      expect(answer.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
      const next = await rawRequestOn(session, path, { body: [message] });
      expect(next.trailers["grpc-status"]).toBe("0");
      expect(upstream.calls).toBe(calls + 1);
      session.destroy();
    });

    it("does not read the body before the caller is known", async () => {
      let admit = () => {};
      const slow = await serve({
        upstreams: targetsOf(upstream),
        authenticator: {
          authenticate: () => new Promise((resolve) => (admit = () => resolve(undefined))),
        },
      });
      const session = http2.connect(`http://127.0.0.1:${slow.port}`);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
      });
      stream.end(envelope(Buffer.alloc(1_000_000)));
      await new Promise((resolve) => setTimeout(resolve, 200));
      // What a stream's window lets through, and not a byte more.
      expect(stream.bufferSize).toBeGreaterThan(1_000_000 - 65_536);
      admit();
      await until(() => stream.bufferSize === 0);
      session.destroy();
      await slow.close();
    });
  });

  describe("gzip", () => {
    it("is read", async () => {
      const body = [envelope(gzipSync(Buffer.from("hello")), { flag: 1 })];
      const answer = await rawRequest(served.port, path, { headers: { "grpc-encoding": "gzip" }, body });
      expect(answer.body).toEqual(envelope(Buffer.from("hello")));
    });

    it("is read from grpc-js", async () => {
      const client = testClient(`127.0.0.1:${served.port}`, { "grpc.default_compression_algorithm": 2 });
      expect((await client.unary("Unary", Buffer.alloc(900, 65))).reply).toEqual(Buffer.alloc(900, 65));
      client.close();
    });
  });

  describe("a server stream", () => {
    it("passes messages in order", async () => {
      const answer = await rawRequest(served.port, "/api.v1.Api/Stream", {
        body: [envelope(Buffer.from("m"))],
      });
      const expected = ["m0", "m1", "m2"].map((text) => envelope(Buffer.from(text)));
      expect(answer.body).toEqual(Buffer.concat(expected as never[]));
      expect(answer.trailers["grpc-status"]).toBe("0");
    });
  });

  function range(count: number): number[] {
    return Array.from({ length: count }, (_, i) => i);
  }
});
