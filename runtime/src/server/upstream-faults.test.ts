import { once } from "node:events";
import net from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code, codeName } from "../call/error.js";
import {
  data,
  type Fields,
  FrameType,
  frame,
  reset,
  settings,
  uint32Bytes,
} from "../http2/raw.test.support.js";
import {
  endsRequest,
  head,
  message,
  type RawConnection,
  type RawPeerServer,
  type ReceivedFrame,
  reply,
  startRawPeer,
  trailers,
} from "../upstream/raw-peer.test.support.js";
import {
  type Outcome,
  startGateway,
  startUpstream,
  type TestGateway,
  targetsOf,
  transports,
  until,
} from "./peers.test.support.js";

// What an upstream can do wrong, seen from outside: what the client gets, what the log says, and that nothing hangs.

const DEADLINE_MS = 20_000;

describe.each(transports)("with the transport %s, an upstream", (transport) => {
  const isOwn = transport === "http2";
  let served: TestGateway;
  let peer: RawPeerServer;
  let onFrame: (received: ReceivedFrame, connection: RawConnection) => void = () => {};
  const closers: Array<() => unknown> = [];

  beforeAll(async () => {
    peer = await startRawPeer((received, connection) => onFrame(received, connection));
    served = await startGateway({ upstreams: targetsOf({ target: `127.0.0.1:${peer.port}` }), transport });
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  afterAll(async () => {
    await served.close();
    await peer.close();
  });

  /** A gateway of its own, with a peer of its own. */
  async function start(peerSettings = settings()): Promise<{ peer: RawPeerServer; served: TestGateway }> {
    const peer = await startRawPeer((received, connection) => onFrame(received, connection), {
      peerSettings,
    });
    const served = await startGateway({
      upstreams: targetsOf({ target: `127.0.0.1:${peer.port}` }),
      transport,
    });
    closers.push(
      () => served.close(),
      () => peer.close(),
    );
    return { peer, served };
  }

  /** The peer answers each whole request so. */
  function answerWith(answer: (id: number, connection: RawConnection) => Uint8Array[]): void {
    onFrame = (received, connection) => {
      if (endsRequest(received)) connection.send(...answer(received.streamId, connection));
    };
  }

  /** The codes of a call, inside and outside. */
  async function codesOf(
    method: "Unary" | "Stream",
    { gateway = served, deadlineMs = DEADLINE_MS, request = Buffer.alloc(0) } = {},
  ): Promise<{ inside: string | undefined; outside: string }> {
    gateway.log.length = 0;
    const outcome =
      method === "Unary"
        ? await gateway.client.unary("Unary", request, { deadlineMs })
        : await streamOf(gateway, deadlineMs);
    const failures = gateway.log.flatMap(({ upstream = [] }) => upstream as ReadonlyArray<{ code: string }>);
    return { inside: failures[0]?.code, outside: codeName(outcome.code) };
  }

  function streamOf(gateway: TestGateway, deadlineMs: number): Promise<{ code: number }> {
    const identity = (bytes: Buffer) => bytes;
    const deadline = Date.now() + deadlineMs;
    const call = gateway.client.raw.makeServerStreamRequest(
      "/api.v1.Api/Stream",
      identity,
      identity,
      Buffer.alloc(0),
      { deadline },
    );
    call.on("data", () => {});
    call.on("error", () => {});
    return new Promise((resolve) => call.on("status", resolve));
  }

  /** What the client is told of each code: all others are internal errors. */
  const told = new Set(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "NOT_FOUND"]);
  const outsideOf = (inside: string) =>
    inside === "CANCELLED" ? "UNAVAILABLE" : told.has(inside) ? inside : "INTERNAL";

  describe("that resets a stream", () => {
    // Those of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors; grpc-js says INTERNAL of the rest.
    const rest = isOwn ? "UNKNOWN" : "INTERNAL";
    const codes: Array<[number, string]> = [
      [0, "INTERNAL"],
      [1, "INTERNAL"],
      [2, "INTERNAL"],
      [3, "INTERNAL"],
      [4, "INTERNAL"],
      [5, rest],
      [6, "INTERNAL"],
      [7, "UNAVAILABLE"],
      [8, "CANCELLED"],
      [9, "INTERNAL"],
      [10, "INTERNAL"],
      [11, "RESOURCE_EXHAUSTED"],
      [12, "PERMISSION_DENIED"],
      [13, rest],
      [0xffffffff, rest],
    ];
    const beginnings: Array<[string, (id: number) => Uint8Array[]]> = [
      ["before headers", () => []],
      ["after headers", (id) => [head(id)]],
      ["within a message", (id) => [head(id), data(id, [0, 0, 0, 0, 9, 1])]],
      ["after a message", (id) => [head(id), message(id, [1])]],
    ];
    it.each(beginnings)("%s, with any code", async (_when, beginning) => {
      const seen: unknown[] = [];
      const expected: unknown[] = [];
      for (const [code, inside] of codes) {
        answerWith((id) => [...beginning(id), reset(id, code)]);
        for (const method of ["Unary", "Stream"] as const) {
          expected.push({ code, method, inside, outside: outsideOf(inside) });
          seen.push({ code, method, ...(await codesOf(method)) });
        }
      }
      expect(seen).toEqual(expected);
    });
  });

  describe("whose answer is not gRPC, or not all of it", () => {
    const html: Fields = [["content-type", "text/html"]];
    const page = (status: string) => (id: number) => [
      head(id, html, [[":status", status]]),
      data(id, Buffer.from("<html><body>Service Unavailable</body></html>"), true),
    ];
    it.each<[string, (id: number) => Uint8Array[], string]>([
      ["HTML 503", page("503"), "UNAVAILABLE"],
      ["HTML 502", page("502"), "UNAVAILABLE"],
      ["HTML 404", page("404"), "UNIMPLEMENTED"],
      ["HTML 200", page("200"), "UNKNOWN"],
      ["no grpc-status", (id) => [head(id), message(id, [1]), trailers(id, [["x", "y"]])], "UNKNOWN"],
      [
        "no trailers",
        (id) => [head(id), message(id, [1]), data(id, [], true)],
        // grpc-js takes it for a stream that was cut off.
        isOwn ? "UNKNOWN" : "INTERNAL",
      ],
      ["2 GiB promised", (id) => [head(id), data(id, [0, 0x80, 0, 0, 0, 1])], "RESOURCE_EXHAUSTED"],
      ["4 GiB promised", (id) => [head(id), data(id, [0, 255, 255, 255, 255])], "RESOURCE_EXHAUSTED"],
    ])("%s", async (_name, answer, inside) => {
      answerWith(answer);
      for (const method of ["Unary", "Stream"] as const) {
        expect(await codesOf(method)).toEqual({ inside, outside: outsideOf(inside) });
      }
    });
  });

  const broken: Array<[string, (id: number) => Buffer]> = [
    ["promises a frame of 16 MiB", () => Buffer.from([0xff, 0xff, 0xff, FrameType.DATA, 0, 0, 0, 0, 1])],
    ["pushes", (id) => frame(FrameType.PUSH_PROMISE, 4, id, [0, 0, 0, 2])],
  ];
  const outcome = isOwn ? "loses its connection, and no later call" : "holds no call beyond its deadline";
  it.each(broken)(`that %s ${outcome}`, async (_what, bytes) => {
    const { served } = await start();
    for (const method of ["Unary", "Stream"] as const) {
      answerWith((id) => [bytes(id)]);
      if (!isOwn) {
        // nghttp2 tells the peer to go, and Node.js reads no more of the connection, not even its end.
        const { outside } = await codesOf(method, { gateway: served, deadlineMs: 500 });
        expect(["DEADLINE_EXCEEDED", "INTERNAL"]).toContain(outside);
        continue;
      }
      expect((await codesOf(method, { gateway: served })).outside).toBe("UNAVAILABLE");
      answerWith((id) => [reply(id, [1])]);
      expect((await served.client.unary("Unary")).code).toBe(Code.OK);
    }
  });

  it("that goes away (GOAWAY) in the middle of a call finishes it, and the next goes elsewhere", async () => {
    const { peer, served } = await start();
    const goaway = (last: number) => frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(last), 0, 0, 0, 0]);
    let finish = () => {};
    onFrame = (received, connection) => {
      if (!endsRequest(received)) return;
      const id = received.streamId;
      if (connection !== peer.connections[0]) {
        connection.send(reply(id, [2]));
        return;
      }
      connection.send(head(id), goaway(id));
      finish = () => connection.send(message(id, [1]), trailers(id));
    };
    const first = served.client.unary("Unary");
    await until(() => peer.connections[0]?.requests === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([...(await served.client.unary("Unary")).reply!]).toEqual([2]);
    finish();
    expect([...(await first).reply!]).toEqual([1]);
  });

  it("that goes away before it takes a call on costs no failure", async () => {
    const { peer, served } = await start();
    onFrame = (received, connection) => {
      if (!endsRequest(received)) return;
      if (connection === peer.connections[0]) {
        connection.send(frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(0), 0, 0, 0, 0]));
      } else connection.send(reply(received.streamId, [3]));
    };
    expect([...(await served.client.unary("Unary")).reply!]).toEqual([3]);
  });

  it("that refuses streams (REFUSED_STREAM) is asked again, with no failure", async () => {
    const { served } = await start();
    let calls = 0;
    answerWith((id) => (++calls === 1 ? [reset(id, 7)] : [reply(id, [calls])]));
    expect([...(await served.client.unary("Unary")).reply!]).toEqual([2]);
    calls = 0;
    expect((await streamOf(served, DEADLINE_MS)).code).toBe(Code.OK);
    expect(calls).toBe(2);
  });

  it("that takes one stream at a time gets 20 calls, and answers them all", async () => {
    const { served } = await start(settings([3, 1]));
    answerWith((id) => [reply(id, [7])]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => served.client.unary("Unary")));
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => Code.OK));
  });

  it("that never opens its window ends a long request at the deadline, and serves others", async () => {
    const { served } = await start(settings([4, 5]));
    answerWith((id) => [reply(id)]);
    const request = Buffer.alloc(100_000);
    const { outside } = await codesOf("Unary", { gateway: served, request, deadlineMs: 500 });
    expect(outside).toBe("DEADLINE_EXCEEDED");
    expect((await served.client.unary("Unary")).code).toBe(Code.OK);
  });

  it("that is a black hole (takes connections, says nothing) ends each call in time", async () => {
    const sockets = new Set<net.Socket>();
    const hole = net.createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
    });
    hole.listen(0, "127.0.0.1");
    await once(hole, "listening");
    const target = `127.0.0.1:${(hole.address() as net.AddressInfo).port}`;
    const gateway = await startGateway({ upstreams: targetsOf({ target }), transport });
    closers.push(
      () => gateway.close(),
      () => {
        for (const socket of sockets) socket.destroy();
        hole.close();
      },
    );
    const { outside } = await codesOf("Unary", { gateway, deadlineMs: 500 });
    expect(outside).toBe("DEADLINE_EXCEEDED");
  });

  it("that falls silent in the middle of a call ends it at the deadline", async () => {
    const { served } = await start();
    answerWith((id) => [head(id)]);
    for (const method of ["Unary", "Stream"] as const) {
      expect((await codesOf(method, { gateway: served, deadlineMs: 500 })).outside).toBe("DEADLINE_EXCEEDED");
    }
  });

  it("that closes its half of the connection (FIN) in the middle of a call fails it at once", async () => {
    const { served } = await start();
    onFrame = (received, connection) => {
      if (!endsRequest(received)) return;
      connection.send(head(received.streamId));
      connection.socket.end();
    };
    for (const method of ["Unary", "Stream"] as const) {
      expect(await codesOf(method, { gateway: served })).toEqual({
        inside: "UNAVAILABLE",
        outside: "UNAVAILABLE",
      });
    }
  });

  const restarts = isOwn
    ? "that is restarted 100 times under load costs no failure"
    : "that is restarted 100 times under load costs no hang, and UNAVAILABLE while it is away (grpc-js does not wait)";
  it(restarts, { timeout: 240_000 }, async () => {
    let upstream = await startUpstream();
    const { port } = upstream;
    const gateway = await startGateway({ upstreams: targetsOf(upstream), transport });
    closers.push(
      () => gateway.close(),
      () => upstream.stop(),
    );
    let running = true;
    const codes = new Map<number, number>();
    let calls = 0;
    const workers = Array.from({ length: 4 }, async () => {
      while (running) {
        const { code }: Outcome = await gateway.client.unary("Unary", undefined, { deadlineMs: DEADLINE_MS });
        codes.set(code, (codes.get(code) ?? 0) + 1);
        calls++;
        if (code !== Code.OK) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    for (let i = 0; i < 100; i++) {
      const before = codes.get(Code.OK) ?? 0;
      await until(() => (codes.get(Code.OK) ?? 0) > before + 4);
      await upstream.shutdown();
      upstream = await startUpstream({}, port);
    }
    running = false;
    await Promise.all(workers);
    expect(calls).toBeGreaterThan(400);
    const allowed = isOwn ? [Code.OK] : [Code.OK, Code.UNAVAILABLE];
    expect([...codes.keys()].filter((code) => !allowed.includes(code as never))).toEqual([]);
  });
});
