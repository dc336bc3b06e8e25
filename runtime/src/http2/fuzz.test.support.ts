import { HeaderBlock, type Http2Stream } from "./index.js";
import { numbers, type Random } from "./random.test.support.js";
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

const responses: Fields[] = [
  [[":status", "200"]],
  [[":status", "103"]],
  [
    [":status", "200"],
    ["content-length", "3"],
  ],
];
const edges = [0, 1, 2, 3, 5, 16_384, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xffffffff];

// Now and then something that ends the connection at once; mostly what gets further.
function rarely(random: Random): boolean {
  return random(40) === 0;
}

/** A frame; `opened` is the highest stream id so far, which it may raise. */
function anyFrame(random: Random, isServer: boolean, opened: { id: number }): Buffer {
  const edge = rarely(random) ? edges[random(edges.length)]! : 1 + random(70_000);
  if (isServer && (opened.id < 1 || random(4) === 0)) {
    opened.id += 2;
    return request(opened.id, { end: random(2) === 0 });
  }
  const id = rarely(random) ? random(20) : Math.max(1, opened.id - 2 * random(4));
  switch (random(16)) {
    case 0:
    case 1:
    case 2:
      if (isServer) return frame(FrameType.HEADERS, 5, id, block([["x-end", "1"]]));
      return frame(FrameType.HEADERS, 4 | random(2), id, block(responses[random(responses.length)]!));
    case 3:
    case 4:
    case 5:
      return data(id, new Uint8Array(random(4) === 0 ? random(16_385) : random(10)), random(4) === 0);
    case 6:
      return frame(FrameType.DATA, Flag.PADDED | random(2), id, [rarely(random) ? 9 : random(4), 1, 2, 3]);
    case 7:
      return windowUpdate(random(2) * id, edge);
    case 8:
      return settings([rarely(random) ? random(8) : 1, edge], [4, random(100_000)]);
    case 9:
      return reset(id, random(14));
    case 10:
      return frame(FrameType.PING, random(2), 0, new Uint8Array(8));
    case 11: {
      const whole = block(isServer ? requestFields : responses[0]!);
      const cut = random(whole.length);
      if (isServer) opened.id += 2;
      const at = isServer ? opened.id : id;
      const first = frame(FrameType.HEADERS, random(2), at, whole.subarray(0, cut));
      return Buffer.concat([
        first,
        frame(FrameType.CONTINUATION, rarely(random) ? 0 : 4, at, whole.subarray(cut)),
      ]);
    }
    case 12:
      return frame(FrameType.PRIORITY, 0, id, [...uint32Bytes(random(10)), 1]);
    case 13:
      if (random(4) > 0) return frame(20, 0, id, [1]);
      return frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(edge), ...uint32Bytes(random(14))]);
    case 14:
      return frame(
        FrameType.HEADERS,
        4 | random(rarely(random) ? 64 : 2),
        id,
        block(random(2) === 0 ? requestFields : [["x-a", "b"]]),
      );
    default:
      if (!rarely(random)) return windowUpdate(0, 1 + random(100_000));
      return frame(
        random(12),
        random(256),
        random(10),
        Uint8Array.from({ length: random(40) }, () => random(256)),
      );
  }
}

/** Bytes of a few frames; in a third of the sequences some are changed, cut out or doubled. */
function sequence(random: Random, isServer: boolean): Buffer {
  // A client has streams 1 to 7 open by then.
  const opened = { id: isServer ? -1 : 7 };
  const count = 1 + random(30);
  let bytes = Buffer.concat(Array.from({ length: count }, () => anyFrame(random, isServer, opened)));
  for (let changes = Math.max(0, random(6) - 3); changes > 0; changes--) {
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

/** What one sequence of frames does to one end of a connection; throws where something is wrong. */
export function playFrames(runSeed: number, isServer: boolean): void {
  const random = numbers(runSeed);
  const streams: Http2Stream[] = [];
  const open = new Set<Http2Stream>();
  let over = false;
  const follow = (stream: Http2Stream) => {
    streams.push(stream);
    open.add(stream);
    stream.receiver = {
      onHeaders() {},
      onData: () => !over && random(4) === 0 && play(stream, random),
      onEnd: () => !over && random(2) === 0 && play(stream, random),
      onDrain() {},
      onClose() {
        if (!open.delete(stream)) throw new Error("closed twice");
      },
    } as never;
    play(stream, random);
  };
  const peer = new RawPeer(isServer ? "server" : "client", {}, follow);
  const bytes = sequence(random, isServer);
  const ask = () => {
    const stream = peer.connection.request(ok, undefined, random(2) === 0);
    if (stream !== undefined) follow(stream);
  };
  if (!isServer) for (let i = 0; i < 4; i++) ask();
  for (let at = 0; at < bytes.length; ) {
    if (!isServer && random(8) === 0) ask();
    const size = random(3) === 0 ? 1 + random(30) : bytes.length;
    peer.send(bytes.subarray(at, at + size));
    at += size;
    if (streams.length > 0) play(streams[random(streams.length)]!, random);
    // What is sent must itself be frames.
    for (const { type, payload } of peer.sent())
      if (type > 9 || payload.length > 16_384)
        throw new Error(`a frame of type ${type}, ${payload.length} bytes`);
    if (random(4) === 0) peer.wait(random(20_000));
  }
  peer.wait(400_000);
  peer.connection.transportClosed();
  // A client may still read what is complete.
  over = true;
  for (const stream of open) stream.read();
  // Whatever has happened, all is over and nothing is held.
  const { closed, openStreams, queuedBytes } = peer.connection;
  if (!closed || openStreams + queuedBytes + open.size > 0) {
    throw new Error(`not all is over: ${[closed, openStreams, queuedBytes, open.size]}`);
  }
  const error = peer.closedWith;
  if (error?.cause !== undefined) throw error.cause;
}
