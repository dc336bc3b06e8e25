import { describe, expect, it } from "vitest";
import { ErrorCode, HeaderBlock, type Http2Stream } from "./index.js";
import {
  block,
  data,
  Flag,
  FrameType,
  frame,
  PREFACE,
  RawPeer,
  Recorder,
  request,
  requestFields,
  reset,
  settings,
  windowUpdate,
} from "./raw.test.support.js";

const ok = new HeaderBlock({ ":status": "200", "content-type": "text/plain" });
const { HEADERS, DATA, RST_STREAM, CONTINUATION } = FrameType;

/** A server that reads each request, and writes down what it is told. */
function reading(peer: { recorders: Recorder[] }): (stream: Http2Stream) => void {
  return (stream) => {
    const recorder = new Recorder();
    peer.recorders.push(recorder);
    stream.receiver = recorder;
    stream.read();
  };
}

function server(): { peer: RawPeer; recorders: Recorder[] } {
  const recorders: Recorder[] = [];
  return { peer: new RawPeer("server", {}, reading({ recorders })), recorders };
}

describe("a server", () => {
  it("gives requests with their bodies and trailers", () => {
    const { peer, recorders } = server();
    peer.send(
      request(1, {
        end: false,
        extra: [
          ["x-a", "1"],
          ["cookie", "a"],
          ["x-a", "2"],
          ["cookie", "b"],
        ],
      }),
    );
    peer.send(data(1, [1, 2]), data(1, [3]), frame(HEADERS, 5, 1, block([["x-end", "z"]])));
    expect(peer.requests[0]!.message!.headers).toEqual({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/x",
      "x-a": "1, 2",
      cookie: "a; b",
    });
    expect(recorders[0]!.events).toEqual(["data 3", "end"]);
    expect(recorders[0]!.body).toEqual(Buffer.from([1, 2, 3]));
    expect(peer.requests[0]!.trailers).toEqual({ "x-end": "z" });
    peer.requests[0]!.respond(ok, [["x-b", "c"]], true);
    expect(peer.sent()).toMatchObject([
      {
        type: HEADERS,
        flags: 5,
        streamId: 1,
        fields: [
          [":status", "200"],
          ["content-type", "text/plain"],
          ["x-b", "c"],
        ],
      },
    ]);
    expect(recorders[0]!.events.at(-1)).toBe("close 0");
    expect(peer.connection.openStreams).toBe(0);
  });

  it("takes any chunks: byte by byte, or all in one", () => {
    const bytes = Buffer.concat([
      PREFACE,
      settings([3, 5]),
      request(1, { end: false }),
      frame(DATA, Flag.PADDED, 1, [2, 7, 8, 0, 0]),
      frame(HEADERS, Flag.END_STREAM | Flag.PRIORITY | Flag.PADDED, 3, [
        1,
        0,
        0,
        0,
        1,
        16,
        ...block(requestFields.slice(0, 2)),
        0,
      ]),
      frame(CONTINUATION, 0, 3, block(requestFields.slice(2))),
      frame(CONTINUATION, Flag.END_HEADERS, 3, []),
      data(1, new Uint8Array(16_384).fill(9), true),
    ]);
    for (const size of [1, 2, 7, 100, bytes.length]) {
      const { peer, recorders } = server();
      // The peer has sent a preface already: the rest of it.
      const rest = bytes.subarray(PREFACE.length);
      for (let i = 0; i < rest.length; i += size) peer.send(rest.subarray(i, i + size));
      expect(peer.closedWith).toBe(null);
      expect(recorders[0]!.body.length).toBe(16_386);
      expect([...recorders[0]!.body.subarray(0, 3)]).toEqual([7, 8, 9]);
      expect(recorders[1]!.events).toEqual(["end"]);
    }
  });

  it("tells of nothing before the chunk is read", () => {
    const order: string[] = [];
    const peer = new RawPeer("server", {}, (stream) => {
      order.push(`request ${stream.id}, ended: ${stream.remoteEnded}`);
    });
    peer.send(request(1, { end: false }), request(3), reset(3), data(1, [], true));
    expect(order).toEqual(["request 1, ended: true"]);
  });

  it("does not read a body before it is asked to, and holds the peer back", () => {
    const peer = new RawPeer("server");
    const recorder = new Recorder();
    peer.send(request(1, { end: false }), ...[1, 2, 3].map(() => data(1, new Uint8Array(16_384))));
    expect(peer.sent()).toEqual([]);
    peer.requests[0]!.receiver = recorder;
    peer.requests[0]!.read();
    expect(recorder.events).toEqual(["data 49152"]);
    expect(peer.sent()).toMatchObject([{ type: FrameType.WINDOW_UPDATE, streamId: 1 }]);
    peer.requests[0]!.pause();
    peer.send(data(1, new Uint8Array(10)));
    expect(recorder.events).toHaveLength(1);
    peer.requests[0]!.read();
    expect(recorder.events).toHaveLength(2);
  });

  it("gives the window of the connection back, whatever becomes of the data", () => {
    const peer = new RawPeer("server", {}, (stream) => {
      if (stream.id % 4 === 1) stream.respond(ok, undefined, true);
      else stream.reset(ErrorCode.CANCEL);
    });
    // 16 MiB go through a window of 1 MiB, though nobody reads them.
    for (let id = 1; id < 400; id += 2) {
      peer.send(request(id, { end: false }), ...[1, 2].map(() => data(id, new Uint8Array(16_384))));
      peer.send(...[1, 2, 3].map(() => frame(DATA, Flag.PADDED, id, new Uint8Array(16_384))));
      peer.sent();
      peer.nowMs += 100;
    }
    expect(peer.closedWith).toBe(null);
  });

  it("asks the client to stop when the answer is complete before the request", () => {
    const peer = new RawPeer("server", {}, (stream) => stream.respond(ok, undefined, true));
    peer.send(request(1, { end: false }));
    expect(peer.sent().map(({ type }) => type)).toEqual([HEADERS, RST_STREAM]);
    // What was on its way means nothing.
    peer.send(data(1, [1]), frame(HEADERS, 5, 1, block([["x-end", "z"]])), windowUpdate(1, 5), reset(1));
    expect(peer.closedWith).toBe(null);
    expect(peer.sent()).toEqual([]);
  });

  it("answers in several parts as the windows open, and tells the writer when to go on", () => {
    const { peer, recorders } = server();
    peer.send(settings([4, 10]), request(1), request(3));
    const [first, second] = peer.requests as [Http2Stream, Http2Stream];
    first.respond(ok, undefined, false);
    expect(first.write(new Uint8Array(100_000))).toBe(false);
    first.end(new HeaderBlock({ "x-end": "1" }));
    second.respond(ok, undefined, false);
    expect(second.write(new Uint8Array(15))).toBe(true);
    second.end();
    const dataOf = () =>
      peer
        .sent()
        .filter(({ type }) => type === DATA)
        .map(({ streamId, payload, flags }) => [streamId, payload.length, flags]);
    expect(dataOf()).toEqual([
      [1, 10, 0],
      [3, 10, 0],
    ]);
    peer.send(settings([4, 5]), windowUpdate(3, 10));
    expect(dataOf()).toEqual([[3, 5, Flag.END_STREAM]]);
    peer.send(windowUpdate(1, 1_000_000));
    // Until the window of the connection is used up: 65,535 in all.
    expect(dataOf().map(([, length]) => length)).toEqual([16_384, 16_384, 16_384, 65_535 - 25 - 3 * 16_384]);
    expect(recorders[0]!.events).toEqual(["end"]);
    peer.send(windowUpdate(0, 100_000));
    const last = peer.sent().filter(({ type }) => type !== FrameType.SETTINGS);
    expect(last.map(({ type }) => type)).toEqual([DATA, DATA, DATA, HEADERS]);
    expect(last.at(-1)).toMatchObject({ flags: 5, fields: [["x-end", "1"]] });
    expect(recorders[0]!.events).toEqual(["end", "close 0"]);
  });

  it("does not send into a window that has shrunk before its turn has come", () => {
    const { peer } = server();
    peer.send(request(1));
    peer.requests[0]!.respond(ok, undefined, false);
    peer.requests[0]!.write(new Uint8Array(40_000), true);
    peer.send(settings([4, 0]));
    expect(peer.sent().filter(({ type }) => type === DATA)).toEqual([]);
    peer.send(settings([4, 40_000]));
    expect(peer.sent().filter(({ type }) => type === DATA)).toHaveLength(3);
  });

  it("lets streams take turns", () => {
    const { peer } = server();
    peer.send(windowUpdate(0, 1_000_000), settings([4, 1_000_000]), request(1), request(3));
    for (const stream of peer.requests) {
      stream.respond(ok, undefined, false);
      stream.write(new Uint8Array(40_000), true);
    }
    const order = peer.sent().filter(({ type }) => type === DATA);
    expect(order.map(({ streamId }) => streamId)).toEqual([1, 3, 1, 3, 1, 3]);
  });

  it("sends interim responses, and nothing out of order", () => {
    const { peer } = server();
    peer.send(request(1));
    const stream = peer.requests[0]!;
    stream.write(Buffer.from("too early"));
    stream.end();
    stream.respondInformational({ ":status": "103", link: "</a>" });
    stream.respond(ok, undefined, false);
    stream.respond(ok, undefined, true);
    stream.respondInformational({ ":status": "103" });
    stream.end();
    stream.end();
    stream.write(Buffer.from("too late"));
    expect(peer.sent().map(({ type, flags, fields }) => [type, flags, fields[0]?.[1]])).toEqual([
      [HEADERS, Flag.END_HEADERS, "103"],
      [HEADERS, Flag.END_HEADERS, "200"],
      [DATA, Flag.END_STREAM, undefined],
    ]);
  });

  it("sends header sections of any length", () => {
    const { peer } = server();
    peer.send(request(1));
    peer.requests[0]!.respond({ ":status": "200", "x-long": "v".repeat(40_000) }, undefined, true);
    const frames = peer.sent();
    expect(frames.map(({ type, flags }) => [type, flags])).toEqual([
      [HEADERS, Flag.END_STREAM],
      [CONTINUATION, 0],
      [CONTINUATION, Flag.END_HEADERS],
    ]);
  });

  it("tells of a header section that is too long", () => {
    const peer = new RawPeer("server");
    const long = block([...requestFields, ["x-long", "v".repeat(17_000)]]);
    peer.send(
      frame(HEADERS, 1, 1, long.subarray(0, 10_000)),
      frame(CONTINUATION, 4, 1, long.subarray(10_000)),
    );
    expect(peer.requests[0]).toMatchObject({ headersTooLong: true, message: undefined });
    expect(peer.connection.closed).toBe(false);
  });

  it("goes away in two steps", () => {
    const { peer } = server();
    peer.send(request(1));
    peer.connection.announceClose();
    const [goaway, ping] = peer.sent();
    expect(goaway!.payload.readUInt32BE(0)).toBe(0x7fffffff);
    peer.send(request(3));
    expect(peer.requests).toHaveLength(2);
    peer.send(frame(FrameType.PING, Flag.ACK, 0, ping!.payload));
    expect(peer.sent()[0]!.payload.readUInt32BE(0)).toBe(3);
    peer.send(request(5));
    expect(peer.sentCode(RST_STREAM)).toBe(ErrorCode.REFUSED_STREAM);
    for (const stream of peer.requests) {
      expect(peer.closedWith).toBe(null);
      stream.respond(ok, undefined, true);
    }
    expect(peer.closedWith).toBe(undefined);
    expect(peer.sent()).toHaveLength(2);
  });

  it("outlives nothing that a receiver throws, but ends by itself", () => {
    const bystander = server();
    const { peer, recorders } = server();
    peer.send(request(1, { end: false }), request(3, { end: false }));
    recorders[0]!.onData = () => {
      throw new Error("a bug");
    };
    expect(() => peer.send(data(1, [1]))).not.toThrow();
    expect(peer.closedWith).toMatchObject({ code: ErrorCode.INTERNAL_ERROR, cause: new Error("a bug") });
    expect(recorders[1]!.events).toEqual(["close 2"]);
    expect(bystander.peer.send(request(1)).requests).toHaveLength(1);
  });
});
