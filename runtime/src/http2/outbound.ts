import type { Bucket } from "./bucket.js";
import type { ByteBudget } from "./byte-budget.js";
import { ConnectionError, ErrorCode } from "./error.js";
import {
  DEFAULT_WINDOW_BYTES,
  Flag,
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_31,
  MAX_PAYLOAD_BYTES,
  putFrameHead,
  writeNumberFrame,
} from "./frame.js";
import { HpackEncoder } from "./hpack/encoder.js";
import { HeaderBlock } from "./hpack/header-block.js";
import { Output } from "./output.js";
import type { Http2Stream } from "./stream.js";

/** Header fields to send, pseudo-headers first: constant ones as a HeaderBlock, others by name. */
export type OutgoingHeaders = HeaderBlock | Readonly<Record<string, string>>;
/** More header fields, that differ from message to message. */
export type ExtraHeaders = ReadonlyArray<readonly [name: string, value: string]>;

// As much is gathered before it is offered to the transport; frames of a stream beyond it wait where they can still be
// dropped, and let other streams go first.
const ENOUGH_BYTES = 64 * 1024;
// What a frame of data, or a header section, accounts for of the peer's frames that do no work: WINDOW_UPDATEs of the
// stream and of the connection, and a PING or two.
const WORTH_OF_A_FRAME = 4;

/** What outbound tells the connection. */
export interface OutboundOwner {
  /** There is output to be taken. */
  outputDue(): void;
  /** END_STREAM has been sent. */
  sentAll(stream: Http2Stream): void;
  /** More bytes wait than may, on this connection. */
  overflowed(): void;
  /** More bytes would wait than may, on all connections: this stream's are dropped. */
  overBudget(stream: Http2Stream): void;
  /** The stream takes more again. */
  drained(stream: Http2Stream): void;
}

/**
 * The sending half of a connection: header sections at once and in order, data as the windows allow, streams in turn.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-5.2
 */
export class Outbound {
  readonly output = new Output();
  readonly encoder: HpackEncoder;
  /** Bytes of data that wait. */
  queuedBytes = 0;
  /** When the last data was sent, by the clock of the connection. */
  nowMs = 0;

  readonly #owner: OutboundOwner;
  readonly #idleFrames: Bucket;
  readonly #maxQueuedBytes: number;
  readonly #budget: ByteBudget;
  #window = DEFAULT_WINDOW_BYTES;
  // Streams that have data and a window, in turn.
  readonly #ready: Http2Stream[] = [];

  constructor(
    owner: OutboundOwner,
    idleFrames: Bucket,
    maxQueuedBytes: number,
    budget: ByteBudget,
    tables: ByteBudget,
  ) {
    this.#owner = owner;
    this.#idleFrames = idleFrames;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#budget = budget;
    this.encoder = new HpackEncoder(tables);
  }

  /** Whether `pump` has something to do. */
  get hasWork(): boolean {
    return this.#window > 0 && this.#ready.length > 0;
  }

  /** Sends a header section. */
  sendHeaders(
    stream: Http2Stream,
    headers: OutgoingHeaders,
    extra: ExtraHeaders | undefined,
    endStream: boolean,
  ): void {
    const { output, encoder } = this;
    const start = output.length;
    output.reserve(FRAME_HEAD_BYTES);
    output.length += FRAME_HEAD_BYTES;
    encoder.begin(output);
    if (headers instanceof HeaderBlock) encoder.block(headers, output);
    else for (const name in headers) encoder.field(name, headers[name]!, output);
    if (extra !== undefined) for (const [name, value] of extra) encoder.field(name, value, output);
    const length = output.length - start - FRAME_HEAD_BYTES;
    const flags = endStream ? Flag.END_STREAM : 0;
    if (length <= MAX_PAYLOAD_BYTES) {
      putFrameHead(output.bytes, start, length, FrameType.HEADERS, flags | Flag.END_HEADERS, stream.id);
    } else {
      this.#split(start, flags, stream.id);
    }
    this.#idleFrames.put(WORTH_OF_A_FRAME);
    this.#owner.outputDue();
    if (endStream) this.#owner.sentAll(stream);
  }

  /**
   * Sends data, behind a `head` if one is given, or lets it wait for the windows; the bytes must not change until they are sent. With `endStream`,
   * nothing comes after it.
   */
  sendData(stream: Http2Stream, part: Uint8Array, endStream: boolean, head?: Uint8Array): void {
    const length = part.byteLength + (head?.byteLength ?? 0);
    if (length === 0) {
      if (endStream) this.sendEnd(stream, undefined, undefined);
      return;
    }
    // Most answers are short and find the windows open: they go straight into the output.
    if (this.#goesStraight(stream, length)) {
      this.#frame(stream, length, endStream);
      if (head !== undefined) this.output.append(head);
      this.output.append(part);
      this.#owner.outputDue();
      if (endStream) this.#owner.sentAll(stream);
      return;
    }
    if (!this.#budget.allows(length)) {
      this.#owner.overBudget(stream);
      return;
    }
    if (endStream) stream.endQueued = true;
    if (stream.queuedBytes === 0) stream.progressMs = this.nowMs;
    if (head !== undefined) stream.queue.push(head);
    if (part.byteLength > 0) stream.queue.push(part);
    stream.queuedBytes += length;
    this.#queued(length);
    if (this.queuedBytes > this.#maxQueuedBytes) this.#owner.overflowed();
    else this.makeReady(stream);
  }

  /** Whether so many bytes more of data may wait, or need not. */
  hasRoom(stream: Http2Stream, length: number): boolean {
    if (this.#goesStraight(stream, length)) return true;
    return this.queuedBytes + length <= this.#maxQueuedBytes && this.#budget.allows(length);
  }

  /** Ends a stream, when its data has been sent. */
  sendEnd(stream: Http2Stream, trailers: OutgoingHeaders | undefined, extra: ExtraHeaders | undefined): void {
    if (stream.queuedBytes > 0) {
      stream.endQueued = true;
      stream.trailersQueued = trailers;
      stream.extraTrailersQueued = extra;
    } else if (trailers !== undefined) {
      this.sendHeaders(stream, trailers, extra, true);
    } else {
      this.#frame(stream, 0, true);
      this.#owner.outputDue();
      this.#owner.sentAll(stream);
    }
  }

  /** The peer opens a window by `increment`; the stream's, or the connection's. Not checked: see `windowOverflows`. */
  openWindow(stream: Http2Stream | undefined, increment: number): void {
    if (stream === undefined) {
      this.#window += increment;
      if (this.hasWork) this.#owner.outputDue();
    } else {
      stream.sendWindow += increment;
      this.makeReady(stream);
    }
  }

  /** Whether a window would become larger than windows may be: https://www.rfc-editor.org/rfc/rfc9113#section-6.9.1-7 */
  windowOverflows(stream: Http2Stream | undefined, increment: number): boolean {
    return (stream === undefined ? this.#window : stream.sendWindow) + increment > MAX_31;
  }

  /** Lets a stream have its turn, if it has something to send and may. */
  makeReady(stream: Http2Stream): void {
    if (stream.ready || stream.queuedBytes === 0 || stream.sendWindow <= 0) return;
    stream.ready = true;
    this.#ready.push(stream);
    if (this.#window > 0) this.#owner.outputDue();
  }

  /** Drops what a stream has waiting. */
  forget(stream: Http2Stream): void {
    if (stream.queuedBytes === 0) return;
    this.#queued(-stream.queuedBytes);
    stream.queuedBytes = 0;
    stream.queue = [];
    if (!stream.ready) return;
    stream.ready = false;
    this.#ready.splice(this.#ready.indexOf(stream), 1);
  }

  /** Moves data to the output, a frame of each stream in turn, until there is enough or the window is used up. */
  pump(): void {
    while (this.hasWork && this.output.length < ENOUGH_BYTES) {
      const stream = this.#ready.shift()!;
      stream.ready = false;
      // Its window may have shrunk since it was put here.
      if (stream.sendWindow > 0) this.#sendQueued(stream);
    }
  }

  #sendQueued(stream: Http2Stream): void {
    const length = Math.min(stream.queuedBytes, stream.sendWindow, this.#window, MAX_PAYLOAD_BYTES);
    const last = length === stream.queuedBytes;
    const endStream = last && stream.endQueued && stream.trailersQueued === undefined;
    this.#frame(stream, length, endStream);
    this.#moveQueued(stream, length);
    this.#queued(-length);
    stream.progressMs = this.nowMs;
    if (!last) this.makeReady(stream);
    else if (endStream) this.#owner.sentAll(stream);
    else if (stream.endQueued) {
      this.sendHeaders(stream, stream.trailersQueued!, stream.extraTrailersQueued, true);
    }
    this.#owner.drained(stream);
  }

  #goesStraight(stream: Http2Stream, length: number): boolean {
    return (
      stream.queuedBytes === 0 &&
      length <= MAX_PAYLOAD_BYTES &&
      length <= stream.sendWindow &&
      length <= this.#window &&
      this.output.length < ENOUGH_BYTES
    );
  }

  #queued(change: number): void {
    this.queuedBytes += change;
    this.#budget.used += change;
  }

  #moveQueued(stream: Http2Stream, length: number): void {
    const { queue } = stream;
    stream.queuedBytes -= length;
    let left = length;
    while (left > 0) {
      const part = queue[0]!;
      const count = Math.min(left, part.byteLength - stream.queueOffset);
      this.output.appendPart(part, stream.queueOffset, stream.queueOffset + count);
      stream.queueOffset += count;
      left -= count;
      if (stream.queueOffset === part.byteLength) {
        queue.shift();
        stream.queueOffset = 0;
      }
    }
  }

  // The head of a frame of data, which is accounted for.
  #frame(stream: Http2Stream, length: number, endStream: boolean): void {
    const { output } = this;
    output.reserve(FRAME_HEAD_BYTES + length);
    putFrameHead(
      output.bytes,
      output.length,
      length,
      FrameType.DATA,
      endStream ? Flag.END_STREAM : 0,
      stream.id,
    );
    output.length += FRAME_HEAD_BYTES;
    stream.sendWindow -= length;
    this.#window -= length;
    this.#idleFrames.put(WORTH_OF_A_FRAME);
  }

  // A header block that is too long for a frame: https://www.rfc-editor.org/rfc/rfc9113#section-4.3
  #split(start: number, flags: number, streamId: number): void {
    const { output } = this;
    const block = Buffer.from(output.bytes.subarray(start + FRAME_HEAD_BYTES, output.length));
    output.length = start;
    for (let at = 0; at < block.byteLength; at += MAX_PAYLOAD_BYTES) {
      const end = Math.min(at + MAX_PAYLOAD_BYTES, block.byteLength);
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      const frameFlags = (at === 0 ? flags : 0) | (end === block.byteLength ? Flag.END_HEADERS : 0);
      output.reserve(FRAME_HEAD_BYTES + end - at);
      putFrameHead(output.bytes, output.length, end - at, type, frameFlags, streamId);
      output.length += FRAME_HEAD_BYTES;
      output.appendPart(block, at, end);
    }
  }
}

/** Adjusts the windows of all streams to another INITIAL_WINDOW_SIZE: https://www.rfc-editor.org/rfc/rfc9113#section-6.9.2 */
export function shiftSendWindows(outbound: Outbound, streams: Iterable<Http2Stream>, delta: number): void {
  if (delta === 0) return;
  for (const stream of streams) {
    if (outbound.windowOverflows(stream, delta)) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE makes a window too large");
    }
    outbound.openWindow(stream, delta);
  }
}

/** Resets a stream on the wire; what becomes of it here is the connection's affair. */
export function writeReset(output: Output, streamId: number, code: number): void {
  writeNumberFrame(output, FrameType.RST_STREAM, streamId, code);
}
