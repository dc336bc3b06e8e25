import http2 from "node:http2";
import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import { networkOf } from "./admission.js";
import type { ConnectionLimits } from "./connection-limits.js";
import {
  envelope,
  rawRequestOn,
  startGateway,
  type TestGateway,
  testApi,
  transports,
  until,
} from "./peers.test.support.js";

const ANSWER_BYTES = 100_000;
const open = { policy: { kind: "public" }, timeoutMs: 20_000 } as const;
const routes: Route[] = [
  { ...open, kind: "unary", path: "/api.v1.Api/Echo", handler: async (request) => request },
  { ...open, kind: "unary", path: "/api.v1.Api/Big", handler: async () => new Uint8Array(ANSWER_BYTES) },
  {
    ...open,
    kind: "server_streaming",
    path: "/api.v1.Api/Many",
    async *handler() {
      for (let i = 0; i < 1_000; i++) yield new Uint8Array(ANSWER_BYTES);
    },
  },
];

describe.each(transports)("on %s", (transport) => {
  let served: TestGateway;
  const sessions: http2.ClientHttp2Session[] = [];
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    await served.close();
  });

  async function serve(connections: Partial<ConnectionLimits>): Promise<void> {
    served = await startGateway({
      upstreams: { "internal.v1.Echo": "127.0.0.1:1" },
      api: testApi(routes),
      transport,
      connections,
    });
  }

  function connect(settings: http2.Settings = {}): http2.ClientHttp2Session {
    const session = http2.connect(`http://127.0.0.1:${served.port}`, { settings });
    session.on("error", () => {});
    sessions.push(session);
    return session;
  }

  /** Asks, and reads nothing: the window of the stream stays shut. */
  function ask(session: http2.ClientHttp2Session, method = "Big") {
    const stream = session.request({
      ":method": "POST",
      ":path": `/api.v1.Api/${method}`,
      "content-type": "application/grpc",
    });
    const asked = { status: "", code: -1 };
    stream.on("error", () => {});
    stream.on("response", (headers) => {
      asked.status = String(headers["grpc-status"] ?? "waits");
    });
    stream.on("close", () => {
      asked.code = stream.rstCode;
    });
    stream.end(envelope(Buffer.alloc(0)));
    return asked;
  }

  const echo = async () => (await served.client.unary("Echo", Buffer.from("x"))).code;

  describe("connections", () => {
    it.each([
      ["in all", { maxConnections: 3 }, "too many connections"],
      ["from one address", { maxConnectionsPerAddress: 3 }, "too many connections from 127.0.0.1"],
    ])("are bounded %s; room is there again when one has gone", async (_name, limits, cause) => {
      await serve(limits);
      const answers = await Promise.all(
        [1, 2, 3].map(() =>
          rawRequestOn(connect(), "/api.v1.Api/Echo", { body: [envelope(Buffer.from("x"))] }),
        ),
      );
      for (const { trailers } of answers) expect(trailers["grpc-status"]).toBe("0");
      const refused = connect();
      await new Promise((resolve) => refused.once("close", resolve));
      expect(served.log).toContainEqual(expect.objectContaining({ message: "connection refused", cause }));
      sessions[0]!.destroy();
      // The client tries again by itself until there is room.
      await until(() => sessions[0]!.destroyed);
      const deadline = Date.now() + 10_000;
      while ((await echo()) !== Code.OK) expect(Date.now()).toBeLessThan(deadline);
    });

    it("that say nothing are ended", async () => {
      await serve({ handshakeTimeoutMs: 50 });
      const socket = net.connect(served.port, "127.0.0.1").resume();
      await new Promise((resolve) => socket.once("close", resolve));
    });

    it("without a request are ended, with notice", async () => {
      await serve({ idleTimeoutMs: 50 });
      const session = connect();
      const code = await new Promise((resolve) => session.once("goaway", resolve));
      expect(code).toBe(http2.constants.NGHTTP2_NO_ERROR);
      await until(() => session.destroyed);
    });
  });

  describe("answers that clients do not read", () => {
    it("stay within the budget over all connections: more are UNAVAILABLE, and others are served", async () => {
      await serve({ maxOutboundBytes: 20 * ANSWER_BYTES });
      const asked = Array.from({ length: 30 }, () => ask(connect({ initialWindowSize: 0 })));
      await until(() => asked.every(({ status }) => status !== ""));
      const refused = asked.filter(({ status }) => status === String(Code.UNAVAILABLE)).length;
      // Nineteen fit, as each has a head of five bytes.
      expect(refused).toBe(11);
      expect((await served.client.unary("Big")).code).toBe(Code.UNAVAILABLE);
      expect(await echo()).toBe(Code.OK);
      // When they have gone, there is room again.
      for (const session of sessions) session.destroy();
      const deadline = Date.now() + 10_000;
      while ((await served.client.unary("Big")).code !== Code.OK) expect(Date.now()).toBeLessThan(deadline);
    });

    it("take half of the budget at most on one connection", async () => {
      await serve({ maxOutboundBytes: 20 * ANSWER_BYTES });
      const session = connect({ initialWindowSize: 0 });
      const asked = Array.from({ length: 30 }, () => ask(session));
      await until(() => asked.every(({ status }) => status !== ""));
      expect(asked.filter(({ status }) => status === String(Code.UNAVAILABLE))).toHaveLength(21);
      expect((await served.client.unary("Big")).code).toBe(Code.OK);
    });

    it("end a stream with UNAVAILABLE, where its next message finds no room", async () => {
      await serve({ maxOutboundBytes: ANSWER_BYTES / 2 });
      const { trailers, headers } = await rawRequestOn(connect(), "/api.v1.Api/Many", {
        body: [envelope(Buffer.alloc(0))],
      });
      expect({ ...headers, ...trailers }["grpc-status"]).toBe(String(Code.UNAVAILABLE));
    });
  });

  it.runIf(transport === "http2")("a stream whose client takes nothing for too long is reset", async () => {
    await serve({ stallTimeoutMs: 1_000, maxOutboundBytes: 2 * ANSWER_BYTES + 10 });
    const session = connect({ initialWindowSize: 0 });
    const stalled = ask(session);
    await until(() => stalled.status !== "");
    const deadline = Date.now() + 10_000;
    while (stalled.code < 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stalled.code).toBe(http2.constants.NGHTTP2_CANCEL);
    expect(await echo()).toBe(Code.OK);
  });
});

it.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.0.0.7", "10.0.0.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::6", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("%s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
