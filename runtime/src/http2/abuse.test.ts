import { describe, expect, it } from "vitest";
import { ByteBudget, defaultHttp2Limits, ErrorCode, Http2Connection, type Http2Stream } from "./index.js";
import {
  block,
  data,
  Flag,
  FrameType,
  frame,
  PREFACE,
  RawPeer,
  request,
  requestFields,
  reset,
  settings,
  uint32Bytes,
  windowUpdate,
} from "./raw.test.support.js";

const { ENHANCE_YOUR_CALM } = ErrorCode;
const ping = frame(FrameType.PING, 0, 0, new Uint8Array(8));

/** Plays something until the connection ends; how often that was. */
function until(peer: RawPeer, most: number, play: (i: number) => Uint8Array[]): number {
  for (let i = 0; i < most; i++) {
    if (peer.connection.closed) return i;
    peer.send(...play(i));
    peer.sent();
  }
  return most;
}

function answer(stream: Http2Stream): void {
  stream.respond({ ":status": "200" }, undefined, false);
  stream.write(Buffer.from("x"), true);
}

describe("streams that are wasted", () => {
  // Each makes the server start a request and give it up again: https://kb.cert.org/vuls/id/767506
  const primitives: Array<[string, (id: number) => Uint8Array[]]> = [
    ["a reset", (id) => [reset(id)]],
    ["a window that is opened too far", (id) => [windowUpdate(id, 0x7fffffff)]],
    ["a window that is opened by nothing", (id) => [windowUpdate(id, 0)]],
    ["DATA after the end", (id) => [data(id, [1])]],
    ["HEADERS after the end", (id) => [request(id)]],
    ["PRIORITY of a wrong size", (id) => [frame(FrameType.PRIORITY, 0, id, [0])]],
    ["PRIORITY on itself", (id) => [frame(FrameType.PRIORITY, 0, id, [...uint32Bytes(id), 0])]],
  ];

  it.each(primitives)("by %s", (_name, primitive) => {
    const peer = new RawPeer("server");
    // In chunks of their own, so that each request does start.
    const rounds = until(peer, 2_000, (i) => (i % 2 === 0 ? [request(i + 1)] : primitive(i)));
    expect(peer.requests.length).toBeGreaterThan(199);
    expect(peer.requests.length).toBeLessThanOrEqual(300);
    expect(rounds).toBeLessThan(700);
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
    expect(peer.requests.every((stream) => stream.closed)).toBe(true);
  });

  it.each([
    [
      "too much content",
      (id: number) => [request(id, { end: false, extra: [["content-length", "1"]] }), data(id, [1, 2])],
    ],
    [
      "too little content",
      (id: number) => [request(id, { end: false, extra: [["content-length", "2"]] }), data(id, [1], true)],
    ],
    [
      "an overrun window",
      (id: number) => [
        request(id, { end: false }),
        ...[1, 2, 3, 4, 5].map(() => data(id, new Uint8Array(16_384))),
      ],
    ],
    ["a malformed request", (id: number) => [frame(FrameType.HEADERS, 5, id, block(requestFields.slice(1)))]],
  ])("by %s", (_name, play) => {
    const peer = new RawPeer("server");
    expect(until(peer, 1_000, (i) => play(i * 2 + 1))).toBeLessThan(300);
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
    expect(peer.requests).toHaveLength(0);
  });

  it("start nothing when they are reset in the chunk that opens them", () => {
    const peer = new RawPeer("server");
    expect(until(peer, 1_000, (i) => [request(i * 2 + 1), reset(i * 2 + 1)])).toBe(201);
    expect(peer.requests).toHaveLength(0);
  });

  it("are forgiven with time, so that giving up now and then is fine", () => {
    const peer = new RawPeer("server");
    for (let i = 0; i < 2_000; i++) {
      peer.send(request(i * 2 + 1)).send(reset(i * 2 + 1));
      peer.nowMs += 20;
      peer.sent();
    }
    expect(peer.connection.closed).toBe(false);
    expect(peer.requests).toHaveLength(2_000);
  });

  it("are not those that have an answer", () => {
    const peer = new RawPeer("server", {}, (stream) =>
      stream.respond({ ":status": "200" }, undefined, false),
    );
    expect(until(peer, 1_000, (i) => (i % 2 === 0 ? [request(i + 1)] : [reset(i)]))).toBe(1_000);
  });
});

describe("frames that do no work", () => {
  const floods: Array<[string, Uint8Array]> = [
    ["PING", ping],
    ["answers to PINGs", frame(FrameType.PING, Flag.ACK, 0, new Uint8Array(8))],
    ["SETTINGS", settings([4, 65_535])],
    ["answers to SETTINGS", frame(FrameType.SETTINGS, Flag.ACK, 0)],
    ["empty DATA", data(1, [])],
    ["DATA that is padding", frame(FrameType.DATA, Flag.PADDED, 1, [3, 0, 0, 0])],
    ["WINDOW_UPDATE of the connection", windowUpdate(0, 1)],
    ["WINDOW_UPDATE of a stream", windowUpdate(1, 1)],
    ["PRIORITY", frame(FrameType.PRIORITY, 0, 1, [0, 0, 0, 9, 0])],
    ["unknown frames", frame(77, 0, 0, [1])],
    ["GOAWAY", frame(FrameType.GOAWAY, 0, 0, new Uint8Array(8))],
  ];

  it.each(floods)("%s, in a flood", (_name, bytes) => {
    const peer = new RawPeer("server");
    peer.send(request(1, { end: false }));
    expect(until(peer, 3_000, () => [bytes])).toBeLessThan(1_100);
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
  });

  it.each(floods)("%s, in a flood of one chunk", (_name, bytes) => {
    const peer = new RawPeer("server");
    peer.send(request(1, { end: false }), ...new Array(20_000).fill(bytes));
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
    const size = peer.sent().reduce((sum, { payload }) => sum + 9 + payload.length, 0);
    expect(size).toBeLessThan(64 * 1024);
  });

  it("are fine beside work", () => {
    const peer = new RawPeer("server", {}, answer);
    const rounds = until(peer, 5_000, (i) => [request(i * 2 + 1), windowUpdate(0, 1), ping, ping]);
    expect(rounds).toBe(5_000);
  });

  it("are fine in time", () => {
    const peer = new RawPeer("server");
    for (let i = 0; i < 3_000; i++) {
      peer.nowMs += 15;
      peer.send(ping).sent();
    }
    expect(peer.connection.closed).toBe(false);
  });

  it("are streams beyond the limit", () => {
    const peer = new RawPeer("server");
    const most = until(peer, 5_000, (i) => [request(i * 2 + 1)]);
    expect(most).toBeGreaterThan(1_000);
    expect(most).toBeLessThan(2_200);
    expect(peer.requests).toHaveLength(100);
  });

  it("are streams beyond the limit, with bodies that come in vain", () => {
    const peer = new RawPeer("server");
    const most = until(peer, 5_000, (i) => [
      request(i * 2 + 1, { end: false }),
      data(i * 2 + 1, [0, 0, 0, 0, 0], true),
    ]);
    expect(most).toBeLessThan(2_200);
    expect(peer.requests).toHaveLength(100);
  });

  it("are changes of the table for headers", () => {
    const insert = [0x40, 1, 0x61, 1, 0x62];
    const fields = [...block(requestFields), ...new Array(90).fill(insert).flat()];
    const peer = new RawPeer("server", {}, answer);
    // 90 fields go into a table that holds 120; each request drops nearly as many.
    expect(until(peer, 200, (i) => [frame(FrameType.HEADERS, 5, i * 2 + 1, fields)])).toBeLessThan(40);
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
  });
});

describe("header blocks", () => {
  const start = frame(FrameType.HEADERS, Flag.END_STREAM, 1, block(requestFields));

  it.each([
    ["of empty frames", 0, 16],
    ["of full frames", 16_384, 2],
  ])("that do not end, %s", (_name, size, most) => {
    const peer = new RawPeer("server");
    peer.send(start);
    expect(
      until(peer, 100, () => [frame(FrameType.CONTINUATION, 0, 1, new Uint8Array(size))]),
    ).toBeLessThanOrEqual(most + 1);
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
  });

  it("of references without end", () => {
    const peer = new RawPeer("server");
    peer.send(frame(FrameType.HEADERS, 5, 1, new Uint8Array(16_000).fill(0x82)));
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
  });

  it("that trickle", () => {
    const peer = new RawPeer("server");
    peer.send(start);
    for (let i = 0; i < 12 && !peer.connection.closed; i++) {
      peer.wait(1_000).send(frame(FrameType.CONTINUATION, 0, 1, [0x82]));
    }
    expect(peer.closedWith?.message).toBe("a header block trickles");
  });
});

describe("time", () => {
  it.each([["nothing"], ["half a preface"]])("ends a connection that says %s", (said) => {
    const errors: unknown[] = [];
    const events = {
      onRequest() {},
      onOutput() {},
      onPeerChange() {},
      onClose: (error: unknown) => errors.push(error),
    };
    const connection = new Http2Connection("server", defaultHttp2Limits, events, 1_000);
    connection.takeOutput();
    if (said !== "nothing") connection.receive(PREFACE.subarray(0, 12), 5_000);
    connection.tick(10_900);
    expect(connection.closed).toBe(false);
    connection.tick(11_100);
    expect(errors).toMatchObject([{ code: ErrorCode.SETTINGS_TIMEOUT }]);
  });

  it("ends a frame that trickles", () => {
    const peer = new RawPeer("server");
    const whole = Buffer.concat([request(1, { end: false }), data(1, new Uint8Array(1_000))]);
    for (let i = 0; i < 100 && !peer.connection.closed; i++) peer.send(whole.subarray(i, i + 1)).wait(1_000);
    expect(peer.closedWith?.message).toBe("a frame trickles");
  });

  it("ends a body that pauses, and the connection of who does it all the time", () => {
    const peer = new RawPeer("server", {}, (stream) => stream.read());
    peer.send(request(1, { end: false }), data(1, [1]));
    peer
      .wait(29_000)
      .send(data(1, [1]))
      .wait(29_000);
    expect(peer.connection.openStreams).toBe(1);
    peer.wait(2_000);
    expect(peer.connection.openStreams).toBe(0);
    expect(peer.sentCode(FrameType.RST_STREAM)).toBe(ErrorCode.CANCEL);
  });

  it("does not hold it against a peer that we read late", () => {
    const peer = new RawPeer("server", { keepaliveIntervalMs: 1e9 });
    peer.send(request(1, { end: false })).wait(40_000);
    peer.requests[0]!.read();
    expect(peer.wait(20_000).connection.openStreams).toBe(1);
  });

  it("ends an answer that nobody takes", () => {
    const peer = new RawPeer("server", {}, (stream) => {
      stream.respond({ ":status": "200" }, undefined, false);
      stream.write(new Uint8Array(100_000), true);
    });
    peer.send(settings([4, 0]), request(1), request(3));
    peer.wait(20_000).send(windowUpdate(1, 10));
    expect(peer.sent().filter(({ type }) => type === FrameType.DATA)).toHaveLength(1);
    peer.wait(15_000);
    expect(peer.requests.map(({ closed }) => closed)).toEqual([false, true]);
    peer.wait(20_000);
    expect(peer.connection.openStreams).toBe(0);
    expect(peer.connection.queuedBytes).toBe(0);
  });

  it("ends a connection that does not read", () => {
    const peer = new RawPeer("server", { keepaliveIntervalMs: 1e9 });
    peer.send(ping).wait(31_000);
    expect(peer.closedWith?.message).toBe("the peer does not read");
  });

  it("ends a connection of which nothing is heard, with streams open", () => {
    const peer = new RawPeer("server");
    peer.send(request(1)).wait(61_000);
    expect(peer.sent().map(({ type }) => type)).toContain(FrameType.PING);
    peer.wait(22_000);
    expect(peer.closedWith?.message).toBe("the peer does not answer");
    const alive = new RawPeer("server");
    alive.send(request(1));
    for (let i = 0; i < 200; i++) {
      alive.wait(1_000);
      for (const { type, payload } of alive.sent()) {
        if (type === FrameType.PING) alive.send(frame(FrameType.PING, Flag.ACK, 0, payload));
      }
    }
    expect(alive.connection.closed).toBe(false);
  });

  it("ends a connection without streams, with notice", () => {
    const peer = new RawPeer("server", {}, answer);
    peer.send(request(1));
    peer.sent();
    peer.wait(299_000);
    expect(peer.connection.closed).toBe(false);
    peer.wait(2_000);
    expect(peer.closedWith).toBe(undefined);
    expect(peer.sentCode(FrameType.GOAWAY)).toBe(ErrorCode.NO_ERROR);
  });
});

describe("memory", () => {
  it("is not taken by bodies that nobody reads, in however small frames", () => {
    const peer = new RawPeer("server");
    peer.send(request(1, { end: false }));
    const before = process.memoryUsage();
    for (let i = 0; i < 65; i++) peer.send(...new Array(1_000).fill(data(1, [7])));
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(16e6);
    expect(peer.connection.closed).toBe(false);
    peer.send(...new Array(1_000).fill(data(1, [7])));
    expect(peer.sentCode(FrameType.RST_STREAM)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  it("is bounded by what may wait for a peer that does not read", () => {
    const peer = new RawPeer("server", { maxQueuedBytes: 1_000_000 }, (stream) => {
      stream.respond({ ":status": "200" }, undefined, false);
      stream.write(new Uint8Array(300_000), true);
    });
    peer.send(...[1, 3, 5, 7].map((id) => request(id)));
    expect(peer.closedWith?.code).toBe(ENHANCE_YOUR_CALM);
    expect(peer.connection.queuedBytes).toBe(0);
  });

  it("is bounded over all connections: what is too much is dropped, and the others are served", () => {
    const budget = new ByteBudget(1_000_000);
    const answer = (stream: Http2Stream) => {
      stream.respond({ ":status": "200" }, undefined, false);
      stream.write(new Uint8Array(400_000), true);
    };
    const peers = [1, 2, 3].map(() => new RawPeer("server", {}, answer, budget));
    for (const peer of peers) peer.send(windowUpdate(0, 1_000_000), request(1));
    const codes = peers.map((peer) => peer.sentCode(FrameType.RST_STREAM));
    expect(codes).toEqual([undefined, undefined, ENHANCE_YOUR_CALM]);
    expect(budget.used).toBe(2 * (400_000 - 65_535));
    peers[0]!.connection.transportClosed();
    peers[1]!.send(windowUpdate(1, 1_000_000)).sent();
    expect(budget.used).toBe(0);
    expect(peers[2]!.send(request(3)).connection.openStreams).toBe(1);
  });
});
