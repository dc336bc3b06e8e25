import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import {
  block,
  data,
  Flag,
  FrameType,
  frame,
  PREFACE,
  reset,
  settings,
  uint32Bytes,
  windowUpdate,
} from "../http2/raw.test.support.js";
import { mainPrograms, type Started, start } from "./main.test.support.js";
import { envelope, type TestClient, testClient, transports } from "./peers.test.support.js";

// Attacks on a gateway in a process of its own, whose memory is its own: what they cost it, and what others notice.

mainPrograms();

const MiB = 1024 * 1024;
const MOST_HELD = 16 * MiB;
const MOST_PEAK = 64 * MiB;
const MOST_HANDLERS = 300;

const program = (transport: string) => `
import { readFileSync, writeFileSync } from "node:fs";
import v8 from "node:v8";
import vm from "node:vm";
v8.setFlagsFromString("--expose_gc");
const gc = vm.runInNewContext("gc");
let started = 0;
const counted = (handler) => (request) => { started++; return handler(request); };
// Linux tells the peak since it was asked to forget it; elsewhere it is that of the whole life.
const peak = () => {
  try { return Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024; }
  catch { return process.resourceUsage().maxRSS * 1024; }
};
const measure = async () => {
  await wait(100);
  gc(); gc();
  const { heapUsed, external } = process.memoryUsage();
  const result = { held: heapUsed + external, peak: peak(), started };
  try { writeFileSync("/proc/self/clear_refs", "5"); } catch {}
  started = 0;
  return new TextEncoder().encode(JSON.stringify(result));
};
const stream = (name, handler) => ({ ...route(name, handler), kind: "client_streaming", timeoutMs: 60000 });
api.routes.push(
  route("Echo", async (request) => request),
  { ...route("Count", counted(async (request) => { await wait(300); return request; })), timeoutMs: 60000 },
  route("Big", counted(async () => new Uint8Array(100000))),
  stream("Gather", counted(async (requests) => { for await (const _ of requests); return new Uint8Array(); })),
  route("Measure", measure),
);
const connections = { stallTimeoutMs: 1000, handshakeTimeoutMs: 1000, idleTimeoutMs: 3000 };
runGateway({ ...options, connections, logger: () => {}, transport: "${transport}" });
`;

interface Measure {
  readonly held: number;
  readonly peak: number;
  readonly started: number;
}

interface Attack {
  readonly name: string;
  /** What is written, part by part, each in a tick of its own; until the connection is ended. */
  readonly parts: () => Iterable<Buffer>;
  /** Whether nghttp2, too, ends the connection for it. */
  readonly endedByNghttp2: boolean;
  /** Nothing of what comes back is read, until all has been said. */
  readonly unread?: boolean;
}

const requestTo = (method: string) =>
  block([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", `/api.v1.Api/${method}`],
    [":authority", "gateway"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);
const count = requestTo("Count");
const gather = requestTo("Gather");
const big = requestTo("Big");
const emptyMessage = envelope(Buffer.alloc(0));
const whole = (id: number, fields = count) => [
  frame(FrameType.HEADERS, Flag.END_HEADERS, id, fields),
  data(id, emptyMessage, true),
];
const ping = frame(FrameType.PING, 0, 0, new Uint8Array(8));

/** Requests, and then for each what makes the server give it up. */
function* wasted(primitive: (id: number) => Buffer): Iterable<Buffer> {
  for (let id = 1; id < 20_000; id += 40) {
    const ids = Array.from({ length: 20 }, (_, i) => id + 2 * i);
    yield Buffer.concat(ids.flatMap((one) => whole(one)));
    yield Buffer.concat(ids.map(primitive));
  }
}

/** The same frames over and over, behind some first ones. */
function* flood(bytes: Buffer, first: Buffer[] = []): Iterable<Buffer> {
  yield Buffer.concat(first);
  const many = Buffer.concat(Array.from({ length: 500 }, () => bytes));
  for (let i = 0; i < 200; i++) yield many;
}

const openRequest = frame(FrameType.HEADERS, Flag.END_HEADERS, 1, gather);

const attacks: Attack[] = [
  { name: "rapid reset", parts: () => wasted((id) => reset(id)), endedByNghttp2: true },
  // "MadeYouReset", by all its primitives: https://kb.cert.org/vuls/id/767506
  {
    name: "windows opened too far",
    parts: () => wasted((id) => windowUpdate(id, 0x7fffffff)),
    endedByNghttp2: true,
  },
  {
    name: "windows opened by nothing",
    parts: () => wasted((id) => windowUpdate(id, 0)),
    endedByNghttp2: true,
  },
  { name: "DATA after the end", parts: () => wasted((id) => data(id, [1])), endedByNghttp2: false },
  {
    name: "HEADERS after the end",
    parts: () => wasted((id) => frame(FrameType.HEADERS, 5, id, count)),
    endedByNghttp2: true,
  },
  {
    name: "PRIORITY of a wrong size",
    parts: () => wasted((id) => frame(FrameType.PRIORITY, 0, id, [0])),
    endedByNghttp2: false,
  },
  {
    name: "PRIORITY on itself",
    parts: () => wasted((id) => frame(FrameType.PRIORITY, 0, id, [...uint32Bytes(id), 0])),
    endedByNghttp2: false,
  },
  {
    name: "too much content",
    parts: function* () {
      const fields = Buffer.concat([count, block([["content-length", "1"]])]);
      for (let id = 1; id < 20_000; id += 40) {
        const ids = Array.from({ length: 20 }, (_, i) => id + 2 * i);
        yield Buffer.concat(
          ids.flatMap((one) => [frame(FrameType.HEADERS, 4, one, fields), data(one, [0, 0], true)]),
        );
      }
    },
    endedByNghttp2: true,
  },
  {
    name: "CONTINUATION",
    parts: () => flood(frame(FrameType.CONTINUATION, 0, 1, count), [frame(FrameType.HEADERS, 0, 1, count)]),
    endedByNghttp2: true,
  },
  {
    name: "empty CONTINUATION",
    parts: () => flood(frame(FrameType.CONTINUATION, 0, 1), [frame(FrameType.HEADERS, 0, 1, count)]),
    endedByNghttp2: true,
  },
  { name: "PING", parts: () => flood(ping), endedByNghttp2: false },
  { name: "SETTINGS", parts: () => flood(settings([4, 65_535])), endedByNghttp2: false },
  { name: "PING whose answers nobody reads", parts: () => flood(ping), endedByNghttp2: true, unread: true },
  {
    name: "SETTINGS whose answers nobody reads",
    parts: () => flood(settings([4, 65_535])),
    endedByNghttp2: true,
    unread: true,
  },
  {
    name: "windows opened by a byte at a time",
    parts: function* () {
      yield Buffer.concat([
        settings([4, 0]),
        frame(FrameType.HEADERS, 4, 1, big),
        data(1, emptyMessage, true),
      ]);
      yield* flood(windowUpdate(1, 1));
    },
    endedByNghttp2: false,
  },
  {
    name: "headers that the table multiplies",
    parts: function* () {
      // 4,000 bytes, once in the table, and then 4,000 times in each list.
      const value = [0x40, 1, 0x61, 0x7f, 0xa1, 0x1e, ...new Array(4_000).fill(0x62)];
      yield frame(FrameType.HEADERS, 4, 1, Buffer.concat([count, Buffer.from(value)]));
      const list = Buffer.concat([count, Buffer.alloc(4_000, 0xbe)]);
      for (let id = 3; id < 2_000; id += 2) yield frame(FrameType.HEADERS, 5, id, list);
    },
    endedByNghttp2: false,
  },
  {
    name: "headers without names or values",
    parts: function* () {
      const list = Buffer.concat([count, Buffer.from(new Array(1_000).fill([0, 0, 0]).flat())]);
      for (let id = 1; id < 20_000; id += 2) yield frame(FrameType.HEADERS, 5, id, list);
    },
    endedByNghttp2: false,
  },
  { name: "empty DATA", parts: () => flood(data(1, []), [openRequest]), endedByNghttp2: true },
  {
    name: "DATA of padding",
    parts: () => flood(frame(FrameType.DATA, Flag.PADDED, 1, [3, 0, 0, 0]), [openRequest]),
    endedByNghttp2: false,
  },
  { name: "WINDOW_UPDATE", parts: () => flood(windowUpdate(0, 1)), endedByNghttp2: false },
  {
    name: "PRIORITY",
    parts: () => flood(frame(FrameType.PRIORITY, 0, 3, [0, 0, 0, 1, 0])),
    endedByNghttp2: false,
  },
  {
    name: "header table churn",
    parts: function* () {
      const insert = [0x40, 1, 0x61, 1, 0x62];
      const fields = Buffer.concat([count, Buffer.from(new Array(90).fill(insert).flat())]);
      for (let id = 1; id < 20_000; id += 2) {
        yield Buffer.concat([frame(FrameType.HEADERS, 4, id, fields), data(id, emptyMessage, true)]);
      }
    },
    endedByNghttp2: false,
  },
  {
    name: "streams beyond the limit",
    parts: function* () {
      for (let id = 1; id < 40_000; id += 100) {
        yield Buffer.concat(Array.from({ length: 50 }, (_, i) => Buffer.concat(whole(id + 2 * i))));
      }
    },
    endedByNghttp2: true,
  },
];

describe.each(transports)("with the transport %s", (transport) => {
  let gateway: Started;
  let port: number;
  let client: TestClient;

  beforeAll(async () => {
    gateway = start(program(transport));
    port = Number((await gateway.printed(/:(\d+)/))[1]);
    client = testClient(`127.0.0.1:${port}`);
    for (let i = 0; i < 300; i++) await client.unary("Echo", Buffer.alloc(1_000));
    for (let i = 0; i < 3; i++) await measure();
  });
  afterAll(async () => {
    client.close();
    gateway.child.kill("SIGKILL");
    await gateway.exit;
  });

  async function measure(): Promise<Measure> {
    const { reply } = await client.unary("Measure");
    return JSON.parse(String(reply)) as Measure;
  }

  /** Whether the connection was ended by the gateway, in the time that it is given after all has been said. */
  async function play(parts: Iterable<Buffer>, patienceMs: number, unread = false): Promise<boolean> {
    const socket = net.connect(port, "127.0.0.1");
    let over = false;
    socket.on("error", () => {});
    if (!unread) socket.on("data", () => {});
    const closed = new Promise<void>((resolve) =>
      socket.once("close", () => {
        over = true;
        resolve();
      }),
    );
    socket.write(Buffer.concat([PREFACE, settings()]));
    for (const part of parts) {
      if (over) break;
      if (!socket.write(part)) {
        await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    socket.resume();
    const patience = new Promise((resolve) => setTimeout(resolve, patienceMs));
    await Promise.race([closed, patience]);
    const ended = over;
    socket.destroy();
    return ended;
  }

  /** What others see meanwhile. */
  function watch(): { stop(): Promise<number[]> } {
    const other = testClient(`127.0.0.1:${port}`);
    const codes: number[] = [];
    let running = true;
    const done = (async () => {
      while (running || codes.length < 3) {
        codes.push((await other.unary("Echo", Buffer.from("x"), { deadlineMs: 10_000 })).code);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    return {
      async stop() {
        running = false;
        await done;
        other.close();
        return codes;
      },
    };
  }

  const named = attacks.map((attack) => {
    const isEnded = transport === "http2" || attack.endedByNghttp2;
    const name = isEnded ? attack.name : `${attack.name} (nghttp2 bears it)`;
    return [name, attack, isEnded] as const;
  });

  it.each(named)("%s", async (_name, { parts, unread }, isEnded) => {
    const before = await measure();
    const others = watch();
    const ended = await play(parts(), isEnded ? 20_000 : 500, unread);
    const codes = await others.stop();
    const after = await measure();
    expect(codes.every((code) => code === Code.OK)).toBe(true);
    expect(after.held - before.held).toBeLessThan(MOST_HELD);
    expect(after.peak - before.peak).toBeLessThan(MOST_PEAK);
    if (!isEnded) return;
    expect(after.started).toBeLessThanOrEqual(MOST_HANDLERS);
    expect(ended).toBe(true);
  });

  /** What `attack` costs while it lasts; others are served. */
  async function costOf(attack: () => Promise<void>): Promise<void> {
    const before = await measure();
    const others = watch();
    await attack();
    const codes = await others.stop();
    const after = await measure();
    expect(codes.every((code) => code === Code.OK)).toBe(true);
    expect(after.held - before.held).toBeLessThan(MOST_HELD);
    expect(after.peak - before.peak).toBeLessThan(MOST_PEAK);
    expect(after.started).toBeLessThanOrEqual(MOST_HANDLERS);
  }

  function connect(options: http2.ClientSessionOptions = {}): http2.ClientHttp2Session {
    const session = http2.connect(`http://127.0.0.1:${port}`, options);
    session.on("error", () => {});
    return session;
  }

  function request(session: http2.ClientHttp2Session, method: string, headers = {}): http2.ClientHttp2Stream {
    const stream = session.request({
      ":method": "POST",
      ":path": `/api.v1.Api/${method}`,
      "content-type": "application/grpc",
      ...headers,
    });
    stream.on("error", () => {});
    return stream;
  }

  it("bombs of gzip", async () => {
    const bomb = envelope(gzipSync(Buffer.alloc(10_000_000)), { flag: 1 });
    await costOf(async () => {
      const session = connect();
      const statuses = Array.from({ length: 100 }, () => {
        const stream = request(session, "Echo", { "grpc-encoding": "gzip" });
        stream.end(bomb);
        return once(stream, "response").then(([headers]) => headers["grpc-status"]);
      });
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([String(Code.RESOURCE_EXHAUSTED)]));
      session.destroy();
    });
  });

  it("long messages that are promised and do not come", async () => {
    await costOf(async () => {
      const sessions = Array.from({ length: 10 }, () => connect());
      for (const session of sessions) {
        for (let i = 0; i < 100; i++) {
          request(session, "Echo").write(envelope(Buffer.alloc(1), { length: 1024 * 1024 }));
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      for (const session of sessions) session.destroy();
    });
  });

  const zero = "windows held at zero";
  it(transport === "http2" ? zero : `${zero} (Node.js: for 30 seconds)`, async () => {
    await costOf(async () => {
      const session = connect({ settings: { initialWindowSize: 0 } });
      const streams = Array.from({ length: 100 }, () => {
        const stream = request(session, "Big");
        stream.end(envelope(Buffer.alloc(0)));
        return stream;
      });
      if (transport === "http2") await Promise.all(streams.map((stream) => once(stream, "close")));
      else await new Promise((resolve) => setTimeout(resolve, 500));
      session.destroy();
    });
  });

  it("header blocks, frames and bodies that trickle", async () => {
    await costOf(async () => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume();
      const block = Buffer.concat([PREFACE, settings(), frame(FrameType.HEADERS, 0, 1, count)]);
      socket.write(block);
      const session = connect();
      const stream = request(session, "Gather");
      stream.write(envelope(Buffer.alloc(1), { length: 10_000 }));
      const ended = once(stream, "response");
      const timer = setInterval(() => {
        socket.write(frame(FrameType.CONTINUATION, 0, 1).subarray(0, 1));
        stream.write(Buffer.alloc(1));
      }, 500);
      const closed = once(socket, "close");
      const [headers] = await ended;
      expect(headers["grpc-status"]).toBe(String(Code.DEADLINE_EXCEEDED));
      await closed;
      clearInterval(timer);
      session.destroy();
    });
  });
});
