import { describe, expect, it } from "vitest";
import { ErrorCode, type Http2Stream } from "./index.js";
import {
  block,
  type Fields,
  FrameType,
  frame,
  RawPeer,
  Recorder,
  request,
  requestFields,
} from "./raw.test.support.js";

const { HEADERS, RST_STREAM } = FrameType;

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
