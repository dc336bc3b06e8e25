import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import { block, Flag, FrameType, frame, PREFACE, settings } from "../http2/raw.test.support.js";
import { envelope, startGateway, type TestGateway, testApi, until } from "./peers.test.support.js";

let served: TestGateway;
let started = 0;

const open = { policy: { kind: "public" }, timeoutMs: 20_000, kind: "unary" } as const;
const routes: Route[] = [
  {
    ...open,
    path: "/api.v1.Api/Slow",
    handler: (request: Uint8Array) => {
      started++;
      return new Promise<Uint8Array>((resolve) => setTimeout(() => resolve(request), 300));
    },
  },
  { ...open, path: "/api.v1.Api/Big", handler: async () => new Uint8Array(1_000_000) },
];

beforeAll(async () => {
  served = await startGateway({
    upstreams: { "internal.v1.Echo": "127.0.0.1:1" },
    api: testApi(routes),
    transport: "http2",
  });
});
afterAll(() => served.close());

/** A socket on which the test says what it likes; all that comes back. */
function talk(...bytes: Uint8Array[]): {
  socket: net.Socket;
  received: () => Buffer;
  closed: Promise<unknown>;
} {
  const parts: Buffer[] = [];
  const socket = net.connect(served.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.on("data", (part) => parts.push(part));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const part of bytes) socket.write(part);
  return { socket, closed, received: () => Buffer.concat(parts as never[]) };
}

/** The code of the GOAWAY at the end of what came back. */
function goawayCode(bytes: Buffer): number {
  return bytes[bytes.length - 14] === FrameType.GOAWAY ? bytes.readUInt32BE(bytes.length - 4) : -1;
}

const call = [":method", ":scheme", ":path", "content-type"].map((name, i) => {
  return [name, ["POST", "http", "/api.v1.Api/Slow", "application/grpc"][i]!] as const;
});
const call3 = block(call);

describe("an attack", () => {
  const head = Buffer.concat([PREFACE, settings()]);
  const ping = frame(FrameType.PING, 0, 0, new Uint8Array(8));
  const floods: Array<[string, Buffer]> = [
    ["PING", Buffer.concat(new Array(1_000).fill(ping))],
    ["SETTINGS", Buffer.concat(new Array(1_000).fill(settings([4, 1])))],
    [
      "CONTINUATION",
      Buffer.concat([
        frame(FrameType.HEADERS, 0, 1, call3),
        ...new Array(1_000).fill(frame(FrameType.CONTINUATION, 0, 1, call3)),
      ]),
    ],
    ["PRIORITY", Buffer.concat(new Array(1_000).fill(frame(FrameType.PRIORITY, 0, 1, [0, 0, 0, 3, 0])))],
    [
      "empty DATA",
      Buffer.concat([
        frame(FrameType.HEADERS, 4, 1, call3),
        ...new Array(1_000).fill(frame(FrameType.DATA, 0, 1)),
      ]),
    ],
  ];

  it.each(floods)("by %s ends its connection, while others are served", async (_name, flood) => {
    const before = process.memoryUsage();
    const attacker = talk(head, flood, flood, flood);
    const answers = Promise.all([1, 2, 3].map(() => served.client.unary("Slow", Buffer.from("x"))));
    await attacker.closed;
    expect(goawayCode(attacker.received())).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    for (const { code } of await answers) expect(code).toBe(Code.OK);
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(64e6);
  });

  it("by resets starts no handler when they come with the requests", async () => {
    started = 0;
    const pairs = Array.from({ length: 1_000 }, (_, i) => [
      frame(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, i * 2 + 1, call3),
      frame(FrameType.RST_STREAM, 0, i * 2 + 1, [0, 0, 0, 8]),
    ]);
    const attacker = talk(Buffer.concat([head, ...pairs.flat()]));
    await attacker.closed;
    expect(goawayCode(attacker.received())).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(started).toBe(0);
  });
});

describe("clients that read nothing", () => {
  it("cost no more than what they have asked for, and nothing when they have gone", async () => {
    // 48 MB, which the budget of all connections together still holds.
    const sessions = Array.from({ length: 12 }, () => http2.connect(`http://127.0.0.1:${served.port}`));
    for (const session of sessions) {
      session.on("error", () => {});
      for (let i = 0; i < 4; i++) {
        const stream = session.request({
          ":method": "POST",
          ":path": "/api.v1.Api/Big",
          "content-type": "application/grpc",
        });
        stream.on("error", () => {});
        stream.end(envelope(Buffer.alloc(0)));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await served.client.unary("Big")).reply).toHaveLength(1_000_000);
    let closed = 0;
    for (const session of sessions) {
      session.once("close", () => closed++);
      session.destroy();
    }
    await until(() => closed === 12);
    expect((await served.client.unary("Big")).reply).toHaveLength(1_000_000);
  });
});

describe("a gateway that has stood still", () => {
  it("reads what clients have said meanwhile, before it takes them for late", async () => {
    const pausing = await startGateway({
      upstreams: { "internal.v1.Echo": "127.0.0.1:1" },
      api: testApi(routes),
      transport: "http2",
      connections: { handshakeTimeoutMs: 2_000 },
    });
    const socket = net.connect(pausing.port, "127.0.0.1");
    socket.on("error", () => {});
    let closed = false;
    socket.once("close", () => {
      closed = true;
    });
    socket.write(PREFACE);
    // The gateway has taken the connection, and waits for settings.
    await once(socket, "data");
    // In an immediate, so that timers come next, and sockets after them.
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        socket.write(settings());
        const end = performance.now() + 4_000;
        while (performance.now() < end);
        resolve();
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(closed).toBe(false);
    socket.destroy();
    await pausing.close();
  });
});
