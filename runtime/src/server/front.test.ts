import http2 from "node:http2";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import { frontLimits } from "./front.js";
import {
  envelope,
  rawRequestOn,
  startGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
  targetsOf,
  testApi,
  transports,
  until,
} from "./peers.test.support.js";

describe.each(transports)("on %s", (transport) => {
  const serve: typeof startGateway = (options) => startGateway({ transport, ...options });

  let upstream: TestUpstream;
  let served: TestGateway;
  let started = 0;
  let running = 0;

  // Where requests to Held wait for; the test lets them go.
  let release = () => {};

  const open = { policy: { kind: "public" }, timeoutMs: 60_000, kind: "unary" } as const;
  const slow: Route = {
    ...open,
    path: "/api.v1.Api/Slow",
    async handler(request: Uint8Array) {
      started++;
      await new Promise((resolve) => setTimeout(resolve, 400));
      return request;
    },
  };
  const held: Route = {
    ...open,
    path: "/api.v1.Api/Held",
    async handler(request: Uint8Array) {
      running++;
      await new Promise<void>((resolve) => {
        const before = release;
        release = () => {
          before();
          resolve();
        };
      });
      running--;
      return request;
    },
  };

  beforeAll(async () => {
    upstream = await startUpstream();
    served = await serve({ upstreams: targetsOf(upstream), api: testApi([slow]) });
  });
  afterAll(async () => {
    await served.close();
    upstream.stop();
  });

  const headers = { ":method": "POST", ":path": "/api.v1.Api/Slow", "content-type": "application/grpc" };
  const message = envelope(Buffer.from("x"));

  function connect(port = served.port): http2.ClientHttp2Session {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    return session;
  }

  async function isServing(): Promise<void> {
    expect((await served.client.unary("Unary", Buffer.from("x"))).code).toBe(Code.OK);
  }

  describe("a hostile connection", () => {
    it("that resets streams rapidly is closed, and others are served", async () => {
      started = 0;
      served.log.length = 0;
      const session = connect();
      const start = performance.now();
      let goaway = -1;
      session.on("goaway", (code) => (goaway = code));
      // However slow the machine is: many more resets than any bucket holds, and no end by time.
      for (let sent = 0; !session.destroyed && sent < 100_000; sent += 50) {
        for (let i = 0; i < 50 && !session.destroyed; i++) {
          const stream = session.request(headers);
          stream.on("error", () => {});
          stream.end(message);
          stream.close(http2.constants.NGHTTP2_CANCEL);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => session.destroyed);
      // A client that goes on writing may lose the notice to the end of the connection.
      expect([-1, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM]).toContain(goaway);
      // What the bucket holds and what flows into it meanwhile; and what was on its way when it was empty.
      const seconds = (performance.now() - start) / 1000;
      const allowed = frontLimits.resetBurst + frontLimits.resetsPerSecond * seconds;
      expect(started).toBeLessThanOrEqual(allowed + frontLimits.maxConcurrentStreams);
      expect(served.log).toContainEqual(expect.objectContaining({ message: "connection closed" }));
      await isServing();
    });

    it("has at most a hundred streams", async () => {
      const session = connect();
      await new Promise((resolve) => session.once("remoteSettings", resolve));
      expect(session.remoteSettings.maxConcurrentStreams).toBe(100);
      expect(session.remoteSettings.maxHeaderListSize).toBe(16 * 1024);
      session.destroy();
    });

    it.each([
      ["HTTP/1.1", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"],
      ["noise", "\0\0\0\0\0"],
      ["a bad frame", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(100)}`],
    ])("that speaks %s is closed", async (_name, bytes) => {
      const socket = net.connect(served.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(bytes, "latin1");
      // Noise may as well be the beginning of more: then it is the client that ends it here.
      setTimeout(() => socket.end(), 300);
      await closed;
      await isServing();
    });

    it("that leaves in the middle of everything harms nobody", async () => {
      for (let i = 0; i < 20; i++) {
        const socket = net.connect(served.port, "127.0.0.1");
        const session = http2.connect("http://gateway", { createConnection: () => socket });
        session.on("error", () => {});
        for (let j = 0; j < 5; j++) {
          const stream = session.request(headers);
          stream.on("error", () => {});
          stream.write(message.subarray(0, j));
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
        socket.destroy();
      }
      await isServing();
    });
  });

  describe("close", () => {
    it("lets requests under way finish, on connections that stay until then", async () => {
      const draining = await serve({ upstreams: targetsOf(upstream), api: testApi([held]) });
      const session = connect(draining.port);
      running = 0;
      const goaways: Array<[number, number]> = [];
      session.on("goaway", (code, lastStreamId) => goaways.push([code, lastStreamId]));
      const answers = [1, 2, 3].map(() => rawRequestOn(session, "/api.v1.Api/Held", { body: [message] }));
      await until(() => running === 3);
      let closed = false;
      const closing = draining.gateway.close({ graceMs: 60_000 }).then(() => {
        closed = true;
      });
      // Both notices have come, and the requests still run.
      await until(() => goaways.length === 2);
      expect(closed).toBe(false);
      expect(running).toBe(3);
      release();
      await closing;
      for (const answer of await Promise.all(answers)) expect(answer.trailers["grpc-status"]).toBe("0");
      // The first notice names no last stream yet: those on their way are served.
      expect(goaways[0]).toEqual([http2.constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1]);
      await expect(
        new Promise((resolve, reject) =>
          net.connect(draining.port, "127.0.0.1", () => resolve(0)).once("error", reject),
        ),
      ).rejects.toThrow("ECONNREFUSED");
    });

    it("loses no request of a client under load", async () => {
      const first = await serve({ upstreams: targetsOf(upstream) });
      let stop = false;
      const codes: number[] = [];
      // A request that comes when the gateway listens no more finds no connection: it is not the gateway's to lose.
      const worker = async () => {
        while (!stop) {
          const { code, details } = await first.client.unary("Unary", Buffer.from("x"));
          if (code === Code.UNAVAILABLE && /ECONNREFUSED|^No connection established/.test(details)) return;
          codes.push(code);
        }
      };
      const workers = Array.from({ length: 20 }, worker);
      await until(() => codes.length > 100);
      // No test of speed: the grace is as long as the slowest machine needs.
      await first.gateway.close({ graceMs: 60_000 });
      stop = true;
      await Promise.all(workers);
      expect(codes.filter((code) => code !== 0)).toEqual([]);
      first.client.close();
    });

    it("cuts what is left after the grace", async () => {
      const draining = await serve({ upstreams: targetsOf(upstream), api: testApi([held]) });
      running = 0;
      const outcome = draining.client.unary("Held", Buffer.from("x"));
      await until(() => running === 1);
      // Nobody lets the request go: the end can only be that of the grace.
      await draining.gateway.close({ graceMs: 50 });
      expect(running).toBe(1);
      expect((await outcome).code).not.toBe(Code.OK);
      release();
      draining.client.close();
    });

    it("may be called twice, and before listen", async () => {
      const twice = await serve({ upstreams: targetsOf(upstream) });
      await Promise.all([twice.close(), twice.close()]);
    });
  });
});
