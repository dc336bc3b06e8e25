import { describe, expect, it } from "vitest";
import {
  type ConnectionError,
  defaultHttp2Limits,
  ErrorCode,
  HeaderBlock,
  Http2Connection,
  type Http2Stream,
} from "./index.js";
import {
  block,
  data,
  type Fields,
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
  uint32Bytes,
  windowUpdate,
} from "./raw.test.support.js";

const ok = new HeaderBlock({ ":status": "200", "content-type": "text/plain" });
const { HEADERS, DATA, RST_STREAM, GOAWAY, CONTINUATION } = FrameType;

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

describe("malformed requests are reset", () => {
  const cases: Array<[string, Fields]> = [
    ["an upper-case name", [...requestFields, ["X-A", "1"]]],
    ["a name with a space", [...requestFields, ["x a", "1"]]],
    ["an empty name", [...requestFields, ["", "1"]]],
    ["connection", [...requestFields, ["connection", "close"]]],
    ["transfer-encoding", [...requestFields, ["transfer-encoding", "chunked"]]],
    ["te other than trailers", [...requestFields, ["te", "gzip"]]],
    ["an unknown pseudo-header", [[":x", "1"], ...requestFields]],
    [":status", [[":status", "200"], ...requestFields]],
    ["a pseudo-header after others", [["x-a", "1"], ...requestFields]],
    ["two of a pseudo-header", [[":path", "/y"], ...requestFields]],
    ["no :method", requestFields.slice(1)],
    ["no :path", requestFields.slice(0, 2)],
    ["an empty :path", [...requestFields.slice(0, 2), [":path", ""]]],
    ["a relative :path", [...requestFields.slice(0, 2), [":path", "x"]]],
    ["another host", [...requestFields, [":authority", "a"], ["host", "b"]]],
    ["two hosts", [...requestFields, ["host", "a"], ["host", "a"]]],
    ["a content-length of text", [...requestFields, ["content-length", "1x"]]],
    ["two content-lengths", [...requestFields, ["content-length", "1"], ["content-length", "2"]]],
    [
      "CONNECT with a path",
      [
        [":method", "CONNECT"],
        [":authority", "a"],
        [":path", "/"],
      ],
    ],
    ["a value with spaces around", [...requestFields, ["x-a", " 1"]]],
  ];
  it.each(cases)("%s", (_name, fields) => {
    const peer = new RawPeer("server");
    peer.send(frame(HEADERS, 5, 1, block(fields)));
    expect(peer.requests).toHaveLength(0);
    expect(peer.sentCode(RST_STREAM)).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(peer.connection.closed).toBe(false);
  });

  it.each(["\0", "\r", "\n"])("a value with %j", (character) => {
    const value = Buffer.from([0x40, 3, 0x78, 0x2d, 0x61, 1, character.charCodeAt(0)]);
    const peer = new RawPeer("server");
    peer.send(frame(HEADERS, 5, 1, Buffer.concat([block(requestFields), value])));
    expect(peer.sentCode(RST_STREAM)).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  it.each<[string, Fields, number]>([
    ["with a pseudo-header", [[":path", "/"]], 5],
    ["without an end", [["x-a", "1"]], 4],
    ["with a connection header", [["connection", "x"]], 5],
  ])("trailers %s", (_name, fields, flags) => {
    const { peer } = server();
    peer.send(request(1, { end: false }), frame(HEADERS, flags, 1, block(fields)));
    expect(peer.sentCode(RST_STREAM)).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  it("names of every object's properties are names like others", () => {
    const peer = new RawPeer("server");
    const extra: Fields = [
      ["__proto__", "a"],
      ["constructor", "b"],
      ["tostring", "c"],
    ];
    peer.send(request(1, { extra }));
    const { headers } = peer.requests[0]!.message!;
    const names = ["__proto__", "constructor", "toString", "valueOf"];
    expect(names.map((name) => headers[name])).toEqual(["a", "b", undefined, undefined]);
  });

  it("nobody can change headers that are shared", () => {
    const peer = new RawPeer("server");
    const indexed = [0x83, 0x86, 0x84];
    peer.send(frame(HEADERS, 5, 1, indexed), frame(HEADERS, 5, 3, indexed));
    const [first, second] = peer.requests.map(({ message }) => message!.headers);
    expect(first).toBe(second);
    expect(Object.isFrozen(first)).toBe(true);
  });
});

describe("errors of the connection", () => {
  const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, STREAM_CLOSED } =
    ErrorCode;
  const eight = new Uint8Array(8);
  const cases: Array<[string, number, Uint8Array[]]> = [
    ["a frame over 16 KiB", FRAME_SIZE_ERROR, [Buffer.from([0x7f, 255, 255, 0, 0, 0, 0, 0, 1])]],
    ["DATA on stream 0", PROTOCOL_ERROR, [data(0, [1])]],
    ["HEADERS on stream 0", PROTOCOL_ERROR, [request(0)]],
    ["HEADERS on an even stream", PROTOCOL_ERROR, [request(2)]],
    ["HEADERS on a lower stream", PROTOCOL_ERROR, [request(5), request(3)]],
    ["DATA on an idle stream", PROTOCOL_ERROR, [data(1, [1])]],
    ["RST_STREAM of an idle stream", PROTOCOL_ERROR, [reset(1)]],
    ["WINDOW_UPDATE of an idle stream", PROTOCOL_ERROR, [windowUpdate(1, 1)]],
    ["WINDOW_UPDATE of the connection by nothing", PROTOCOL_ERROR, [windowUpdate(0, 0)]],
    ["WINDOW_UPDATE of the connection by too much", FLOW_CONTROL_ERROR, [windowUpdate(0, 0x7fffffff)]],
    ["SETTINGS on a stream", PROTOCOL_ERROR, [frame(FrameType.SETTINGS, 0, 1)]],
    ["SETTINGS of a wrong size", FRAME_SIZE_ERROR, [frame(FrameType.SETTINGS, 0, 0, [1])]],
    [
      "an answer to SETTINGS with some",
      FRAME_SIZE_ERROR,
      [frame(FrameType.SETTINGS, 1, 0, new Uint8Array(6))],
    ],
    ["ENABLE_PUSH of 2", PROTOCOL_ERROR, [settings([2, 2])]],
    ["INITIAL_WINDOW_SIZE over 2^31", FLOW_CONTROL_ERROR, [settings([4, 2 ** 31])]],
    [
      "INITIAL_WINDOW_SIZE that makes a window too large",
      FLOW_CONTROL_ERROR,
      [request(1), windowUpdate(1, 100_000), settings([4, 2 ** 31 - 1])],
    ],
    ["MAX_FRAME_SIZE of 1", PROTOCOL_ERROR, [settings([5, 1])]],
    ["PING of a wrong size", FRAME_SIZE_ERROR, [frame(FrameType.PING, 0, 0, [1])]],
    ["PING on a stream", PROTOCOL_ERROR, [frame(FrameType.PING, 0, 1, eight)]],
    ["GOAWAY of a wrong size", FRAME_SIZE_ERROR, [frame(GOAWAY, 0, 0, [1])]],
    ["PUSH_PROMISE", PROTOCOL_ERROR, [frame(FrameType.PUSH_PROMISE, 4, 1, eight)]],
    ["CONTINUATION of nothing", PROTOCOL_ERROR, [frame(CONTINUATION, 4, 1)]],
    [
      "an interrupted header block",
      PROTOCOL_ERROR,
      [frame(HEADERS, 0, 1), frame(FrameType.PING, 0, 0, eight)],
    ],
    ["a header block of another stream", PROTOCOL_ERROR, [frame(HEADERS, 0, 1), frame(CONTINUATION, 4, 3)]],
    [
      "more padding than payload",
      PROTOCOL_ERROR,
      [request(1, { end: false }), frame(DATA, Flag.PADDED, 1, [2, 0])],
    ],
    ["padding without its length", FRAME_SIZE_ERROR, [frame(HEADERS, Flag.PADDED | 4, 1, [])]],
    ["a header block that is none", COMPRESSION_ERROR, [frame(HEADERS, 5, 1, [0x80])]],
    ["RST_STREAM of a wrong size", FRAME_SIZE_ERROR, [request(1), frame(RST_STREAM, 0, 1, [1])]],
    ["WINDOW_UPDATE of a wrong size", FRAME_SIZE_ERROR, [frame(FrameType.WINDOW_UPDATE, 0, 0, [1])]],
    [
      "an overrun window",
      FLOW_CONTROL_ERROR,
      [
        ...range(20).map((i) => request(i * 2 + 1, { end: false })),
        ...range(65).map((i) => data((i % 20) * 2 + 1, new Uint8Array(16_384))),
      ],
    ],
  ];
  it.each(cases)("%s", (_name, code, frames) => {
    const peer = new RawPeer("server");
    peer.send(...frames);
    expect(peer.closedWith?.code).toBe(code);
    expect(peer.sentCode(GOAWAY)).toBe(code);
  });

  it("frames on a stream that is over", () => {
    for (const late of [data(1, [1]), request(1)]) {
      const peer = new RawPeer("server", {}, (stream) => stream.respond(ok, undefined, true));
      peer.send(request(1)).send(late);
      expect(peer.closedWith?.code).toBe(STREAM_CLOSED);
    }
  });

  it.each([
    ["anything before SETTINGS", Buffer.concat([PREFACE, request(1)])],
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ])("%s", (_name, bytes) => {
    const codes: unknown[] = [];
    const events = {
      onRequest() {},
      onOutput() {},
      onPeerChange() {},
      onClose: (error: ConnectionError | undefined) => codes.push(error?.code),
    };
    new Http2Connection("server", defaultHttp2Limits, events, 0).receive(bytes, 0);
    expect(codes).toEqual([PROTOCOL_ERROR]);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

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

  it.each([0, 1, 2, 3, 7, 8, 11, 99])("is told of a reset with code %i", (code) => {
    const { peer, recorder } = asked();
    peer.send(response(1, "200", 4), data(1, [1]), reset(1, code));
    expect(recorder.events.at(-1)).toBe(`close ${code}`);
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
