import { describe, expect, it } from "vitest";
import { HeaderBlock, type Http2Stream } from "./index.js";
import {
  block,
  data,
  type Fields,
  Flag,
  FrameType,
  frame,
  RawPeer,
  request,
  requestFields,
  reset,
  settings,
  uint32Bytes,
  windowUpdate,
} from "./raw.test.support.js";

// PORTICO_FUZZ_SEED repeats a run, PORTICO_FUZZ_RUNS sets how many sequences it has.
const seed = Number(process.env.PORTICO_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.PORTICO_FUZZ_RUNS ?? 20_000);

/** A generator of numbers below `limit`, the same for the same seed. */
function numbers(start: number): (limit: number) => number {
  let state = start;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

type Random = (limit: number) => number;

const responses: Fields[] = [
  [[":status", "200"]],
  [[":status", "103"]],
  [
    [":status", "200"],
    ["content-length", "3"],
  ],
];
const edges = [0, 1, 2, 3, 5, 16_384, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xffffffff];

function anyFrame(random: Random, isServer: boolean): Buffer {
  const id = random(8) === 0 ? random(20) : random(6) * 2 + 1;
  const edge = edges[random(edges.length)]!;
  switch (random(14)) {
    case 0:
    case 1:
    case 2:
      return isServer
        ? request(id, { end: random(2) === 0 })
        : frame(FrameType.HEADERS, 4 | random(2), id, block(responses[random(3)]!));
    case 3:
    case 4:
      return data(id, new Uint8Array(random(4) === 0 ? random(16_385) : random(10)), random(3) === 0);
    case 5:
      return frame(FrameType.DATA, Flag.PADDED | random(2), id, [random(4), 1, 2, 3]);
    case 6:
      return windowUpdate(random(2) * id, edge);
    case 7:
      return settings([random(8), edge], [4, random(100_000)]);
    case 8:
      return reset(id, random(14));
    case 9:
      return frame(FrameType.PING, random(2), 0, new Uint8Array(8));
    case 10:
      return frame(
        FrameType.HEADERS,
        random(64),
        id,
        block(random(2) === 0 ? requestFields : [["x-end", "1"]]),
      );
    case 11:
      return frame(FrameType.CONTINUATION, random(8), id, block([["x-a", "b"]]));
    case 12:
      return frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(edge), ...uint32Bytes(random(14))]);
    default:
      return frame(
        random(12),
        random(256),
        random(10),
        Uint8Array.from({ length: random(40) }, () => random(256)),
      );
  }
}

/** Bytes of a few frames, of which some are changed, cut out or doubled. */
function sequence(random: Random, isServer: boolean): Buffer {
  let bytes = Buffer.concat(Array.from({ length: 1 + random(12) }, () => anyFrame(random, isServer)));
  for (let changes = random(3); changes > 0; changes--) {
    const at = random(bytes.length);
    if (random(3) > 0) bytes[at] = random(256);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random(20) + 10))]);
  }
  return bytes;
}

const ok = new HeaderBlock({ ":status": "200", "x-a": "b" });

/** Does something with a stream, as programs do. */
function play(stream: Http2Stream, random: Random): void {
  switch (random(6)) {
    case 0:
      stream.respond(ok, [["x-id", "1"]], random(2) === 0);
      break;
    case 1:
      stream.respond(ok, undefined, false);
      stream.write(new Uint8Array(random(100_000)));
      stream.end(random(2) === 0 ? ok : undefined);
      break;
    case 2:
      stream.reset(8);
      break;
    case 3:
      stream.pause();
      break;
    default:
      stream.read();
  }
}

/** One run; throws where something is wrong. */
function run(runSeed: number, isServer: boolean): void {
  const random = numbers(runSeed);
  const streams: Http2Stream[] = [];
  const open = new Set<Http2Stream>();
  const follow = (stream: Http2Stream) => {
    streams.push(stream);
    open.add(stream);
    stream.receiver = {
      onHeaders() {},
      onData: () => random(4) === 0 && play(stream, random),
      onEnd: () => random(2) === 0 && play(stream, random),
      onDrain() {},
      onClose() {
        if (!open.delete(stream)) throw new Error("closed twice");
      },
    } as never;
    play(stream, random);
  };
  const peer = new RawPeer(isServer ? "server" : "client", {}, follow);
  const bytes = sequence(random, isServer);
  for (let at = 0; at < bytes.length; ) {
    if (!isServer && random(2) === 0) {
      const stream = peer.connection.request(ok, undefined, random(2) === 0);
      if (stream !== undefined) follow(stream);
    }
    const size = random(3) === 0 ? 1 + random(30) : bytes.length;
    peer.send(bytes.subarray(at, at + size));
    at += size;
    if (streams.length > 0) play(streams[random(streams.length)]!, random);
    // What is sent must itself be frames.
    for (const { type, payload } of peer.sent())
      expect(type + payload.length).toBeLessThanOrEqual(9 + 16_384);
    if (random(4) === 0) peer.wait(random(20_000));
  }
  peer.wait(400_000);
  peer.connection.transportClosed();
  for (const stream of open) stream.read();
  // Whatever has happened, all is over and nothing is held.
  expect([
    peer.connection.closed,
    peer.connection.openStreams,
    peer.connection.queuedBytes,
    open.size,
  ]).toEqual([true, 0, 0, 0]);
  const error = peer.closedWith;
  if (error?.cause !== undefined) throw error.cause;
}

describe("any frames", () => {
  it.each([
    ["a server", true],
    ["a client", false],
  ])(`do not harm %s (seed ${seed})`, (_name, isServer) => {
    let slowestMs = 0;
    const before = process.memoryUsage();
    for (let i = 0; i < runs / 2; i++) {
      const start = performance.now();
      try {
        run((seed + i) | 0, isServer);
      } catch (thrown) {
        throw new Error(`PORTICO_FUZZ_SEED=${seed + i} PORTICO_FUZZ_RUNS=1`, { cause: thrown });
      }
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    expect(slowestMs).toBeLessThan(1_000);
    const after = process.memoryUsage();
    expect(after.external - before.external).toBeLessThan(200e6);
  });
});
