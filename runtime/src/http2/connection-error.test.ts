import { describe, expect, it } from "vitest";
import {
  type ConnectionError,
  defaultHttp2Limits,
  ErrorCode,
  HeaderBlock,
  Http2Connection,
} from "./index.js";
import {
  data,
  Flag,
  FrameType,
  frame,
  PREFACE,
  RawPeer,
  request,
  reset,
  settings,
  windowUpdate,
} from "./raw.test.support.js";

const ok = new HeaderBlock({ ":status": "200", "content-type": "text/plain" });
const { HEADERS, DATA, RST_STREAM, GOAWAY, CONTINUATION } = FrameType;

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
