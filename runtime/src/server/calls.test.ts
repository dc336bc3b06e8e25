import http2 from "node:http2";
import type { ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call } from "../call/call.js";
import { Code, codeName, PorticoError } from "../call/error.js";
import type { Route } from "../call/route.js";
import {
  envelope,
  rawRequest,
  startGateway,
  startUpstream,
  streamMethod,
  type TestGateway,
  type TestUpstream,
  targetsOf,
  testApi,
  transports,
  unaryMethod,
  until,
} from "./peers.test.support.js";

describe.each(transports)("on %s", (transport) => {
  const serve: typeof startGateway = (options) => startGateway({ transport, ...options });

  // What the internal service is asked to do is the text of the request.
  let upstream: TestUpstream;
  let served: TestGateway;
  let cancelled = 0;
  let lastCall: Call | undefined;
  let written = 0;
  let listenersLeft = -1;

  const SECRET = "pq: relation users_internal at 10.3.2.1";
  const open = { policy: { kind: "public" }, timeoutMs: 500 } as const;

  const extra: Route[] = [
    { ...open, path: "/api.v1.Api/Hang", kind: "unary", handler: () => new Promise(() => {}) },
    { ...open, path: "/api.v1.Api/Throw", kind: "unary", handler: () => Promise.reject(new Error(SECRET)) },
    {
      ...open,
      path: "/api.v1.Api/ThrowSync",
      kind: "unary",
      handler: () => {
        throw new TypeError(SECRET);
      },
    },
    {
      ...open,
      path: "/api.v1.Api/Declared",
      kind: "unary",
      handler: () => Promise.reject(new PorticoError(Code.FAILED_PRECONDITION, "für 100 % zu spät")),
    },
    { ...open, path: "/api.v1.Api/NoBytes", kind: "unary", handler: async () => undefined as never },
    { ...open, path: "/api.v1.Api/Big", kind: "unary", handler: async () => new Uint8Array(2_000_001) },
    {
      ...open,
      path: "/api.v1.Api/Kept",
      kind: "unary",
      handler: (request, call) => {
        lastCall = call;
        return call.unary(unaryMethod, request).finally(() => {
          listenersLeft = call.listeners;
        });
      },
    },
    {
      ...open,
      path: "/api.v1.Api/Degraded",
      kind: "unary",
      handler: (request, call) => call.unary(unaryMethod, request).catch(() => new Uint8Array(1)),
    },
    {
      ...open,
      path: "/api.v1.Api/ThrowInStream",
      kind: "server_streaming",
      async *handler() {
        yield new Uint8Array(1);
        throw new Error(SECRET);
      },
    },
  ];

  function unary(
    call: ServerUnaryCall<Buffer, Buffer>,
    reply: (error: object | null, value?: Buffer) => void,
  ) {
    const text = call.request.toString();
    if (text === "hang") {
      call.on("cancelled", () => cancelled++);
    } else if (/^\d+$/.test(text)) {
      const trailers = call.metadata.clone();
      trailers.set("x-internal-host", "10.3.2.1");
      reply({ code: Number(text), details: SECRET, metadata: trailers });
    } else if (text === "big") {
      reply(null, Buffer.alloc(5_000_000));
    } else {
      reply(null, call.request);
    }
  }

  function stream(call: ServerWritableStream<Buffer, Buffer>) {
    const text = call.request.toString();
    call.on("cancelled", () => cancelled++);
    if (text === "endless") {
      const more = () => {
        while (!call.cancelled) {
          written++;
          if (!call.write(Buffer.alloc(16_384))) return call.once("drain", more);
        }
        return call;
      };
      more();
    } else if (text === "fail") {
      call.write(Buffer.from("one"));
      call.emit("error", { code: Code.PERMISSION_DENIED, details: SECRET });
    } else {
      call.write(Buffer.from("one"));
    }
  }

  beforeAll(async () => {
    upstream = await startUpstream({ unary: unary as never, stream });
    served = await serve({
      api: testApi(extra),
      upstreams: targetsOf(upstream),
      limits: { maxResponseBytes: 2_000_000 },
    });
  });
  afterAll(async () => {
    await served.close();
    upstream.stop();
  });

  const passing = new Map<number, string>([
    [Code.NOT_FOUND, "not found"],
    [Code.ALREADY_EXISTS, "already exists"],
    [Code.FAILED_PRECONDITION, "failed precondition"],
    [Code.ABORTED, "aborted"],
    [Code.OUT_OF_RANGE, "out of range"],
    [Code.RESOURCE_EXHAUSTED, "resource exhausted"],
    [Code.UNAVAILABLE, "unavailable"],
    [Code.DEADLINE_EXCEEDED, "deadline exceeded"],
  ]);

  describe("an upstream's error", () => {
    const codes = Object.values(Code).filter((code) => code !== Code.OK);
    it.each(codes.map((code) => [codeName(code), code] as const))(
      "%s reaches no client",
      async (name, code) => {
        served.log.length = 0;
        const { headers, trailers, body } = await rawRequest(served.port, "/api.v1.Api/Unary", {
          body: [envelope(Buffer.from(String(code)))],
        });
        const expected =
          code === Code.CANCELLED ? Code.UNAVAILABLE : passing.has(code) ? code : Code.INTERNAL;
        expect(headers["grpc-status"]).toBe(String(expected));
        expect(decodeURIComponent(headers["grpc-message"]!)).toBe(passing.get(expected) ?? "internal error");
        // Not a byte of it, in any header, trailer or message.
        expect(JSON.stringify([headers, trailers, body.toString()])).not.toMatch(
          /10\.3|users_internal|internal\.v1/,
        );
        // The log has all of it, in one line.
        expect(served.log).toHaveLength(1);
        expect(served.log[0]).toMatchObject({
          message: "request failed",
          method: "/api.v1.Api/Unary",
          code: codeName(expected),
          requestId: headers["x-request-id"],
          upstream: [{ method: "/internal.v1.Echo/Unary", code: name, message: SECRET }],
        });
      },
    );

    it("that the handler gets over is logged as well", async () => {
      served.log.length = 0;
      expect((await served.client.unary("Degraded", Buffer.from("13"))).code).toBe(Code.OK);
      expect(served.log).toMatchObject([{ message: "request degraded", upstream: [{ message: SECRET }] }]);
    });

    it("ends a stream that has begun", async () => {
      const answer = await rawRequest(served.port, "/api.v1.Api/Stream", {
        body: [envelope(Buffer.from("fail"))],
      });
      expect(answer.body).toEqual(envelope(Buffer.from("one")));
      expect(answer.trailers).toMatchObject({ "grpc-status": "13", "grpc-message": "internal error" });
      expect(answer.trailers["x-request-id"]).toBe(answer.headers["x-request-id"]);
    });
  });

  describe("a handler that throws", () => {
    it.each(["Throw", "ThrowSync"])("is an internal error to the client: %s", async (method) => {
      served.log.length = 0;
      const { code, details, metadata } = await served.client.unary(method);
      expect([code, details]).toEqual([Code.INTERNAL, "internal error"]);
      expect(served.log).toMatchObject([
        { level: "error", code: "INTERNAL", cause: expect.stringContaining(SECRET) },
      ]);
      expect(served.log[0]!.requestId).toBe(metadata.get("x-request-id")[0]);
    });

    it("may as well give no bytes", async () => {
      expect((await served.client.unary("NoBytes")).code).toBe(Code.INTERNAL);
    });

    it("ends a stream in the same way", async () => {
      const answer = await rawRequest(served.port, "/api.v1.Api/ThrowInStream", {
        body: [envelope(Buffer.alloc(0))],
      });
      expect(answer.trailers).toMatchObject({ "grpc-status": "13", "grpc-message": "internal error" });
    });

    it("may say what clients see, in any characters", async () => {
      const { code, details } = await served.client.unary("Declared");
      expect([code, details]).toEqual([Code.FAILED_PRECONDITION, "für 100 % zu spät"]);
    });
  });

  describe("sizes", () => {
    it("a response over the limit is RESOURCE_EXHAUSTED", async () => {
      const { code, details } = await served.client.unary("Big");
      expect([code, details]).toEqual([Code.RESOURCE_EXHAUSTED, "the response is too large"]);
    });

    it("an upstream's reply over the limit is RESOURCE_EXHAUSTED", async () => {
      expect((await served.client.unary("Unary", Buffer.from("big"))).code).toBe(Code.RESOURCE_EXHAUSTED);
    });
  });

  describe("the deadline", () => {
    it("is the route's, even if the handler hangs", async () => {
      const start = performance.now();
      const { code, details } = await served.client.unary("Hang");
      const took = performance.now() - start;
      expect([code, details]).toEqual([Code.DEADLINE_EXCEEDED, "deadline exceeded"]);
      expect(took).toBeGreaterThan(490);
      expect(took).toBeLessThan(5_000);
    });

    // Between the client's 100 ms and the route's 500 ms: a machine that stalls that long gets another try.
    it("is the client's, if that is shorter", { retry: 3 }, async () => {
      const start = performance.now();
      // Not by a deadline of the client's library: it would not wait for the answer.
      const headers = { "grpc-timeout": "100m" };
      const answer = await rawRequest(served.port, "/api.v1.Api/Hang", {
        headers,
        body: [envelope(Buffer.alloc(0))],
      });
      expect(answer.headers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
      expect(performance.now() - start).toBeLessThan(490);
    });

    it.each(["0n", "0S", "00000000H", "1n"])(
      "that is over before it begins runs no handler: %s",
      async (timeout) => {
        const { calls } = upstream;
        for (const path of ["/api.v1.Api/Kept", "/api.v1.Api/Stream"]) {
          lastCall = undefined;
          const answer = await rawRequest(served.port, path, {
            headers: { "grpc-timeout": timeout },
            body: [envelope(Buffer.from("x"))],
          });
          expect(answer.headers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
          expect(lastCall).toBeUndefined();
        }
        expect(upstream.calls).toBe(calls);
      },
    );

    it("cancels the upstream call", async () => {
      cancelled = 0;
      const { code } = await served.client.unary("Kept", Buffer.from("hang"));
      expect(code).toBe(Code.DEADLINE_EXCEEDED);
      await until(() => cancelled === 1);
    });

    it("cuts a body that trickles in", async () => {
      const calls = upstream.calls;
      const answer = await rawRequest(served.port, "/api.v1.Api/Kept", {
        body: [envelope(Buffer.from("abc")).subarray(0, 6)],
        open: true,
      });
      expect(answer.headers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
      expect(upstream.calls).toBe(calls);
    });

    it("ends a stream", async () => {
      const headers = { "grpc-timeout": "100m" };
      const answer = await rawRequest(served.port, "/api.v1.Api/Stream", {
        headers,
        body: [envelope(Buffer.alloc(1))],
      });
      expect(answer.body).toEqual(envelope(Buffer.from("one")));
      expect(answer.trailers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
    });
  });

  describe("a client that goes away", () => {
    it("cancels the upstream call by a reset", async () => {
      cancelled = 0;
      served.log.length = 0;
      const abort = new AbortController();
      const calls = upstream.calls;
      const outcome = served.client.unary("Unary", Buffer.from("hang"), { signal: abort.signal });
      await until(() => upstream.calls === calls + 1);
      abort.abort();
      expect((await outcome).code).toBe(Code.CANCELLED);
      await until(() => cancelled === 1 && served.log.length === 1);
      expect(served.log).toMatchObject([{ level: "info", message: "request cancelled", code: "CANCELLED" }]);
    });

    it.each(["Unary", "Stream"])("cancels the upstream call by leaving: %s", async (method) => {
      cancelled = 0;
      const calls = upstream.calls;
      const session = http2.connect(`http://127.0.0.1:${served.port}`);
      session.on("error", () => {});
      const headers = {
        ":method": "POST",
        ":path": `/api.v1.Api/${method}`,
        "content-type": "application/grpc",
      };
      const request = session.request(headers);
      request.on("error", () => {});
      request.end(envelope(Buffer.from("hang")));
      await until(() => upstream.calls === calls + 1);
      session.destroy();
      await until(() => cancelled === 1);
    });

    it("that reads slowly pauses the upstream", async () => {
      cancelled = 0;
      written = 0;
      const session = http2.connect(`http://127.0.0.1:${served.port}`);
      const headers = {
        ":method": "POST",
        ":path": "/api.v1.Api/Stream",
        "content-type": "application/grpc",
      };
      const request = session.request(headers);
      request.on("error", () => {});
      request.end(envelope(Buffer.from("endless")));
      // However slow the machine is: until nothing more is written.
      let before = -1;
      while (before !== written) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      // 64 messages of 16 KiB are one MiB, the window towards the upstream; the rest is what queues hold on the way.
      expect(written).toBeLessThan(200);
      request.resume();
      await until(() => written > before + 100);
      session.destroy();
      await until(() => cancelled === 1);
    });
  });

  describe("a call that is over", () => {
    it.each(["x", "5", "hang"])("leaves no listener behind: %s", async (request) => {
      await served.client.unary("Kept", Buffer.from(request));
      await until(() => listenersLeft === 0);
      listenersLeft = -1;
    });

    it("makes no more upstream calls", async () => {
      const removed: boolean[] = [];
      expect((await served.client.unary("Kept", Buffer.from("x"))).code).toBe(Code.OK);
      await expect(lastCall!.unary(streamMethod, new Uint8Array())).rejects.toThrow("the call is over");
      lastCall!.onCancel(() => removed.push(true));
      expect(removed).toEqual([true]);
    });
  });

  describe("the stream of a caller whose credentials end", () => {
    it("ends as UNAUTHENTICATED", async () => {
      const soon = await serve({
        upstreams: targetsOf(upstream),
        authenticator: {
          authenticate: () => ({
            subject: "s",
            roles: [],
            scopes: [],
            claims: {},
            // Long enough for the first message, which comes on a new connection.
            expiresAtMs: Date.now() + 1_000,
          }),
        },
      });
      const answer = await rawRequest(soon.port, "/api.v1.Api/Stream", { body: [envelope(Buffer.alloc(1))] });
      expect(answer.body).toEqual(envelope(Buffer.from("one")));
      expect(answer.trailers["grpc-status"]).toBe(String(Code.UNAUTHENTICATED));
      await soon.close();
    });
  });
});
