import { describe, expect, it } from "vitest";
import { ErrorCode, HeaderBlock, type Http2Stream } from "./index.js";
import {
  block,
  data,
  type Fields,
  FrameType,
  frame,
  RawPeer,
  Recorder,
  request,
  reset,
  settings,
  uint32Bytes,
} from "./raw.test.support.js";

const { HEADERS, RST_STREAM, GOAWAY } = FrameType;

describe("a client", () => {
  const get = new HeaderBlock({ ":method": "GET", ":scheme": "http", ":path": "/" });
  const response = (id: number, status: string, flags: number, extra: Fields = []) =>
    frame(HEADERS, flags, id, block([[":status", status], ...extra]));

  function asked(bodiless = false): { peer: RawPeer; stream: Http2Stream; recorder: Recorder } {
    const peer = new RawPeer("client");
    const recorder = new Recorder();
    const stream = peer.connection.request(get, [["x-a", "1"]], true, bodiless)!;
    stream.receiver = recorder;
    stream.read();
    return { peer, stream, recorder };
  }

  it("asks, and gets interim responses, headers, body and trailers", () => {
    const { peer, stream, recorder } = asked();
    expect(peer.sent()).toMatchObject([{ type: HEADERS, flags: 5, streamId: 1 }]);
    peer.send(
      response(1, "103", 4),
      response(1, "200", 4),
      data(1, [1]),
      frame(HEADERS, 5, 1, block([["x-end", "z"]])),
    );
    expect(recorder.events).toEqual(["informational 103", "headers 200", "data 1", "end", "close 0"]);
    expect(stream.trailers).toEqual({ "x-end": "z" });
    expect(peer.connection.request(get, undefined, true)!.id).toBe(3);
  });

  it("keeps nothing of the memory that a chunk is read into", () => {
    const peer = new RawPeer("client");
    const parts: number[] = [];
    const stream = peer.connection.request(get, undefined, true)!;
    stream.receiver = {
      ...new Recorder(),
      onData: (part) => parts.push(...part),
      onEnd() {},
      onClose() {},
      onDrain() {},
    };
    const second = Buffer.from(data(1, [4, 5, 6]));
    peer.send(response(1, "200", 4));
    peer.send(data(1, [1, 2, 3]));
    peer.send(second.subarray(0, 10));
    peer.send(second.subarray(10), frame(HEADERS, 5, 1, block([["x-end", "a value of some length"]])));
    stream.read();
    expect(parts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stream.message!.status).toBe(200);
    expect(stream.trailers).toEqual({ "x-end": "a value of some length" });
  });

  it("gets all of a response that is complete, though a reset follows it", () => {
    const peer = new RawPeer("client");
    const recorder = new Recorder();
    const stream = peer.connection.request(get, undefined, false)!;
    stream.receiver = recorder;
    peer.send(response(1, "200", 4), data(1, [1], true), reset(1, 0));
    expect(recorder.events).toEqual(["headers 200"]);
    stream.read();
    expect(recorder.events).toEqual(["headers 200", "data 1", "end", "close 0"]);
  });

  it.each<[string, Uint8Array[]]>([
    ["data before its headers", [data(1, [1])]],
    ["no status", [frame(HEADERS, 5, 1, block([["x-a", "1"]]))]],
    ["a request's pseudo-header", [response(1, "200", 5, [[":path", "/"]])]],
    ["status 101", [response(1, "101", 4)]],
    ["an interim response that ends", [response(1, "100", 5)]],
    ["too little content", [response(1, "200", 5, [["content-length", "1"]])]],
    ["too much content", [response(1, "200", 4, [["content-length", "1"]]), data(1, [1, 2])]],
    [
      "too many headers",
      [
        response(
          1,
          "200",
          4,
          range(100).map((i) => [`x-${i}`, "v"] as const),
        ),
      ],
    ],
  ])("resets a response with %s", (_name, frames) => {
    const { peer, recorder } = asked();
    peer.sent();
    peer.send(...frames);
    expect(peer.sentCode(RST_STREAM)).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(recorder.events.at(-1)).toBe("close 1");
    expect(peer.connection.closed).toBe(false);
  });

  it("does not wait for the body that HEAD does not get", () => {
    const { peer, recorder } = asked(true);
    peer.send(response(1, "200", 5, [["content-length", "1"]]));
    expect(recorder.events).toEqual(["headers 200", "end", "close 0"]);
  });

  it("asks no more than it may", () => {
    const { peer } = asked();
    peer.send(settings([3, 2]));
    expect(peer.connection.request(get, undefined, true)!.id).toBe(3);
    expect(peer.connection.canRequest).toBe(false);
    expect(peer.connection.request(get, undefined, true)).toBe(undefined);
    peer.send(response(1, "200", 5));
    expect(peer.connection.canRequest).toBe(true);
  });

  it("lets what is under way finish after GOAWAY, and gives back what was never processed", () => {
    const { peer, recorder } = asked();
    const never = new Recorder();
    peer.connection.request(get, undefined, true)!.receiver = never;
    peer.send(frame(GOAWAY, 0, 0, [...uint32Bytes(1), ...uint32Bytes(0)]));
    expect(never.events).toEqual([`close ${ErrorCode.REFUSED_STREAM}`]);
    expect(peer.connection.request(get, undefined, true)).toBe(undefined);
    peer.send(response(1, "200", 5));
    expect(recorder.events).toEqual(["headers 200", "end", "close 0"]);
    expect(peer.closedWith).toBe(undefined);
  });

  // Servers on Python's h2 take whoever says GOAWAY for gone.
  it.each([
    ["is not needed any more", (peer: RawPeer) => peer.connection.finish()],
    [
      "is told to go",
      (peer: RawPeer) => peer.send(frame(GOAWAY, 0, 0, [...uint32Bytes(1), ...uint32Bytes(0)])),
    ],
  ])("says GOAWAY after its last stream, where it %s", (_why, leave) => {
    const { peer, recorder } = asked();
    leave(peer);
    expect(peer.connection.isFinishing).toBe(true);
    peer.send(response(1, "200", 4));
    expect(peer.sent().map(({ type }) => type)).not.toContain(GOAWAY);
    peer.send(data(1, [1], true));
    expect(recorder.events.at(-1)).toBe("close 0");
    expect(peer.sentCode(GOAWAY)).toBe(ErrorCode.NO_ERROR);
    expect(peer.closedWith).toBe(undefined);
  });

  it("says no more once it has failed, or its peer has gone", () => {
    const failed = asked().peer;
    failed.connection.finish();
    failed.send(frame(FrameType.DATA, 0, 0, [1]));
    const codes = failed.sent().filter(({ type }) => type === GOAWAY);
    expect(codes).toHaveLength(1);
    const left = asked().peer;
    left.send(frame(GOAWAY, 0, 0, [...uint32Bytes(1), ...uint32Bytes(0)]));
    left.connection.transportClosed();
    expect(left.sent().map(({ type }) => type)).not.toContain(GOAWAY);
  });

  it.each([0, 1, 2, 3, 7, 8, 11, 99])("is told of a reset with code %i", (code) => {
    const { peer, recorder } = asked();
    peer.send(response(1, "200", 4), data(1, [1]), reset(1, code));
    expect(recorder.events.at(-1)).toBe(`close ${code}`);
  });

  it("is not disturbed by answers to what it gave up long ago", () => {
    const peer = new RawPeer("client");
    const streams = range(1_000).map(() => peer.connection.request(get, undefined, true)!);
    for (const stream of streams) stream.reset(ErrorCode.CANCEL);
    for (const { id } of streams) {
      peer.send(response(id, "200", 4), data(id, [1]), frame(HEADERS, 5, id, block([["grpc-status", "0"]])));
    }
    expect(peer.closedWith).toBe(null);
    expect(peer.connection.canRequest).toBe(true);
  });

  it("gives back the connection's window for what nobody reads yet", () => {
    const peer = new RawPeer("client");
    const ids = range(40).map(() => peer.connection.request(get, undefined, true)!.id);
    for (const id of ids) peer.send(response(id, "200", 4));
    // 2.4 MB, into a window of 1 MiB.
    for (const id of ids) for (let i = 0; i < 4; i++) peer.send(data(id, new Uint8Array(15_000)));
    expect(peer.closedWith).toBe(null);
    const updates = peer.sent().filter(({ type }) => type === FrameType.WINDOW_UPDATE);
    expect(updates.length).toBeGreaterThan(0);
    expect(updates.every(({ streamId }) => streamId === 0)).toBe(true);
  });

  it("ends a connection whose peer does not answer when it is probed", () => {
    const { peer, recorder } = asked();
    peer.sent();
    peer.connection.probe(peer.nowMs);
    expect(peer.sent().map(({ type }) => type)).toEqual([FrameType.PING]);
    peer.wait(30_000);
    expect(peer.closedWith?.message).toBe("the peer does not answer");
    expect(recorder.events.at(-1)).toMatch(/^close/);
  });

  it("waits as long as its caller for a server to open a window", () => {
    const peer = new RawPeer("client", { keepaliveIntervalMs: Number.POSITIVE_INFINITY });
    peer.send(settings([4, 0]));
    const stream = peer.connection.request(get, undefined, false)!;
    stream.write(new Uint8Array(10), true);
    peer.sent();
    peer.wait(300_000);
    expect(stream.closed).toBe(false);
  });

  it("is told when the transport goes", () => {
    const { peer, recorder } = asked();
    peer.connection.transportClosed();
    expect(recorder.events).toEqual([`close ${ErrorCode.CONNECT_ERROR}`]);
    expect(peer.connection.canRequest).toBe(false);
  });

  it.each<[string, Uint8Array]>([
    ["PUSH_PROMISE", frame(FrameType.PUSH_PROMISE, 4, 1, [0, 0, 0, 2])],
    ["HEADERS on a stream of the server", request(2)],
    ["HEADERS on a stream it has not opened", response(3, "200", 5)],
    ["ENABLE_PUSH", settings([2, 1])],
  ])("takes no %s", (_name, bytes) => {
    const { peer } = asked();
    peer.send(bytes);
    expect(peer.closedWith?.code).toBe(ErrorCode.PROTOCOL_ERROR);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
