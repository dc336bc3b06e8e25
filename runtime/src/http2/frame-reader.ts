import { abuse, ConnectionError, ErrorCode, protocolError } from "./error.js";
import { Flag, FRAME_HEAD_BYTES, FrameType, MAX_PAYLOAD_BYTES, PREFACE, uint31, uint32 } from "./frame.js";

/** Told of each frame. Payloads are `bytes[start..end)`, without padding. A throw ends the connection. */
export interface FrameSink {
  /** `flowBytes` is what counts for flow control: padding too. */
  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    flowBytes: number,
    endStream: boolean,
  ): void;
  /** A whole header block, of HEADERS and CONTINUATION. `dependsOn` is the stream's parent, or -1. */
  onHeaders(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    endStream: boolean,
    dependsOn: number,
  ): void;
  /** `dependsOn` is -1 if the frame has not the size it must have. */
  onPriority(streamId: number, dependsOn: number): void;
  onReset(streamId: number, code: number): void;
  onSettings(bytes: Buffer, start: number, end: number): void;
  onSettingsAck(): void;
  onPing(bytes: Buffer, start: number): void;
  onPingAck(bytes: Buffer, start: number): void;
  onGoaway(lastStreamId: number, code: number): void;
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame of a type that is not known, which means nothing. */
  onUnknown(): void;
}

const nothing = Buffer.alloc(0);
// A list of this many bytes may take more on the wire, if a peer encodes it badly; twice as much is no list of ours.
const BLOCK_FACTOR = 2;
const MOST_CONTINUATIONS = 16;

/**
 * Cuts the bytes that a peer sends into frames, and checks all that can be told from one frame: sizes, padding, which
 * may be on a stream and which may not, and that header blocks are not interrupted.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-4
 */
export class FrameReader {
  /** Since when a frame (or the preface) is here in part; 0 if none is. */
  frameSinceMs = 0;
  /** Since when a header block is here in part; 0 if none is. */
  blockSinceMs = 0;

  readonly #sink: FrameSink;
  readonly #maxBlockBytes: number;
  // How much of the preface is yet to come.
  #prefaceLeft: number;
  #settled = false;
  // A frame that is here in part.
  #partial = nothing;
  #partialLength = 0;
  // A header block that is here in part: its stream is not 0 then.
  #blockStreamId = 0;
  #blockEndStream = false;
  #blockDependsOn = -1;
  #block = nothing;
  #blockLength = 0;
  #continuations = 0;

  constructor(sink: FrameSink, expectPreface: boolean, maxHeaderListBytes: number) {
    this.#sink = sink;
    this.#prefaceLeft = expectPreface ? PREFACE.byteLength : 0;
    this.#maxBlockBytes = maxHeaderListBytes * BLOCK_FACTOR;
  }

  /** Takes what has arrived, and tells of the frames in it. The bytes must not change afterwards. */
  read(chunk: Buffer, nowMs: number): void {
    const end = chunk.byteLength;
    let at = this.#prefaceLeft === 0 ? 0 : this.#readPreface(chunk);
    if (this.#partialLength > 0) at = this.#completePartial(chunk, at, nowMs);
    while (end - at >= FRAME_HEAD_BYTES) {
      const length = (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
      // Before anything is kept of it: a frame that promises 16 MiB is not waited for.
      if (length > MAX_PAYLOAD_BYTES) throw frameSizeError();
      const next = at + FRAME_HEAD_BYTES + length;
      if (next > end) break;
      this.#frame(chunk, at, length, nowMs);
      at = next;
    }
    if (at < end) this.#keep(chunk, at, nowMs);
  }

  #readPreface(chunk: Buffer): number {
    const count = Math.min(this.#prefaceLeft, chunk.byteLength);
    const from = PREFACE.byteLength - this.#prefaceLeft;
    for (let i = 0; i < count; i++) {
      if (chunk[i] !== PREFACE[from + i]) throw protocolError("no preface of HTTP/2");
    }
    this.#prefaceLeft -= count;
    return count;
  }

  // A frame goes on in this chunk.
  #completePartial(chunk: Buffer, start: number, nowMs: number): number {
    let at = start;
    if (this.#partialLength < FRAME_HEAD_BYTES) {
      at = this.#take(chunk, at, FRAME_HEAD_BYTES);
      if (this.#partialLength < FRAME_HEAD_BYTES) return at;
    }
    const head = this.#partial;
    const length = (head[0]! << 16) | (head[1]! << 8) | head[2]!;
    if (length > MAX_PAYLOAD_BYTES) throw frameSizeError();
    const whole = FRAME_HEAD_BYTES + length;
    if (head.byteLength < whole) {
      // Made anew for each frame: parts of it may be kept by whoever gets the data.
      this.#partial = Buffer.allocUnsafeSlow(whole);
      this.#partial.set(head.subarray(0, this.#partialLength));
    }
    at = this.#take(chunk, at, whole);
    if (this.#partialLength < whole) return at;
    const frame = this.#partial;
    this.#partial = nothing;
    this.#partialLength = 0;
    this.frameSinceMs = 0;
    this.#frame(frame, 0, length, nowMs);
    return at;
  }

  // Moves bytes to the partial frame until it has `target` of them.
  #take(chunk: Buffer, start: number, target: number): number {
    const count = Math.min(target - this.#partialLength, chunk.byteLength - start);
    this.#partial.set(chunk.subarray(start, start + count), this.#partialLength);
    this.#partialLength += count;
    return start + count;
  }

  #keep(chunk: Buffer, start: number, nowMs: number): void {
    const count = chunk.byteLength - start;
    const length =
      count < FRAME_HEAD_BYTES ? 0 : (chunk[start]! << 16) | (chunk[start + 1]! << 8) | chunk[start + 2]!;
    this.#partial = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES + length);
    this.#partial.set(chunk.subarray(start));
    this.#partialLength = count;
    this.frameSinceMs = nowMs;
  }

  #frame(bytes: Buffer, head: number, length: number, nowMs: number): void {
    const type = bytes[head + 3]!;
    const flags = bytes[head + 4]!;
    const streamId = uint31(bytes, head + 5);
    const start = head + FRAME_HEAD_BYTES;
    const end = start + length;
    // https://www.rfc-editor.org/rfc/rfc9113#section-6.10-7
    if (this.#blockStreamId !== 0 && (type !== FrameType.CONTINUATION || streamId !== this.#blockStreamId)) {
      throw protocolError("a header block is interrupted");
    }
    if (!this.#settled) {
      if (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0)
        throw protocolError("SETTINGS must come first");
      this.#settled = true;
    }
    switch (type) {
      case FrameType.DATA:
        this.#data(streamId, flags, bytes, start, end);
        break;
      case FrameType.HEADERS:
        this.#headers(streamId, flags, bytes, start, end, nowMs);
        break;
      case FrameType.CONTINUATION:
        this.#continuation(flags, bytes, start, end);
        break;
      case FrameType.WINDOW_UPDATE:
        if (length !== 4) throw frameSizeError();
        this.#sink.onWindowUpdate(streamId, uint31(bytes, start));
        break;
      case FrameType.RST_STREAM:
        if (streamId === 0) throw protocolError("RST_STREAM of the connection");
        if (length !== 4) throw frameSizeError();
        this.#sink.onReset(streamId, uint32(bytes, start));
        break;
      case FrameType.PRIORITY:
        if (streamId === 0) throw protocolError("PRIORITY of the connection");
        this.#sink.onPriority(streamId, length === 5 ? uint31(bytes, start) : -1);
        break;
      case FrameType.SETTINGS:
      case FrameType.PING:
      case FrameType.GOAWAY:
        if (streamId !== 0) throw protocolError("a frame of the connection, on a stream");
        this.#ofConnection(type, flags, bytes, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        // Only servers send it, and only to clients that allow it: ours do not.
        throw protocolError("PUSH_PROMISE is not allowed");
      default:
        this.#sink.onUnknown();
    }
  }

  // https://www.rfc-editor.org/rfc/rfc9113#section-6.1
  #data(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError("DATA of the connection");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.PADDED) === 0) {
      this.#sink.onData(streamId, bytes, start, end, end - start, endStream);
    } else {
      this.#sink.onData(streamId, bytes, start + 1, unpadded(bytes, start, end), end - start, endStream);
    }
  }

  // https://www.rfc-editor.org/rfc/rfc9113#section-6.2
  #headers(streamId: number, flags: number, bytes: Buffer, start: number, end: number, nowMs: number): void {
    if (streamId === 0) throw protocolError("HEADERS of the connection");
    let from = start;
    let to = end;
    let dependsOn = -1;
    if ((flags & Flag.PADDED) !== 0) {
      to = unpadded(bytes, start, end);
      from++;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      if (to - from < 5) throw frameSizeError();
      dependsOn = uint31(bytes, from);
      from += 5;
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#sink.onHeaders(streamId, bytes, from, to, endStream, dependsOn);
      return;
    }
    this.#blockStreamId = streamId;
    this.#blockEndStream = endStream;
    this.#blockDependsOn = dependsOn;
    this.#blockLength = 0;
    this.#continuations = 0;
    this.blockSinceMs = nowMs;
    this.#appendToBlock(bytes, from, to);
  }

  // https://www.rfc-editor.org/rfc/rfc9113#section-6.10
  #continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const streamId = this.#blockStreamId;
    if (streamId === 0) throw protocolError("CONTINUATION of nothing");
    // Frames count, not only bytes: empty ones would cost no memory, but time without end (CVE-2024-27316).
    if (++this.#continuations > MOST_CONTINUATIONS) throw abuse("too many CONTINUATION frames");
    this.#appendToBlock(bytes, start, end);
    if ((flags & Flag.END_HEADERS) === 0) return;
    const block = this.#block;
    this.#block = nothing;
    this.#blockStreamId = 0;
    this.blockSinceMs = 0;
    this.#sink.onHeaders(streamId, block, 0, this.#blockLength, this.#blockEndStream, this.#blockDependsOn);
  }

  #appendToBlock(bytes: Buffer, start: number, end: number): void {
    const length = this.#blockLength + end - start;
    if (length > this.#maxBlockBytes) throw abuse("a header block is too long");
    if (length > this.#block.byteLength) {
      const grown = Buffer.allocUnsafeSlow(Math.min(length * 2, this.#maxBlockBytes));
      grown.set(this.#block.subarray(0, this.#blockLength));
      this.#block = grown;
    }
    this.#block.set(bytes.subarray(start, end), this.#blockLength);
    this.#blockLength = length;
  }

  #ofConnection(type: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    const ack = (flags & Flag.ACK) !== 0;
    if (type === FrameType.PING) {
      if (length !== 8) throw frameSizeError();
      if (ack) this.#sink.onPingAck(bytes, start);
      else this.#sink.onPing(bytes, start);
    } else if (type === FrameType.GOAWAY) {
      if (length < 8) throw frameSizeError();
      this.#sink.onGoaway(uint31(bytes, start), uint32(bytes, start + 4));
    } else if (ack) {
      if (length !== 0) throw frameSizeError();
      this.#sink.onSettingsAck();
    } else {
      if (length % 6 !== 0) throw frameSizeError();
      this.#sink.onSettings(bytes, start, end);
    }
  }
}

/** Where the payload ends: behind it stands as much padding as its first byte says. */
function unpadded(bytes: Buffer, start: number, end: number): number {
  if (start === end) throw frameSizeError();
  const to = end - bytes[start]!;
  if (to <= start) throw protocolError("more padding than payload");
  return to;
}

function frameSizeError(): ConnectionError {
  return new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "a frame has a wrong size");
}
