import type { Bucket } from "./bucket.js";
import { ClosedStreams, Ending } from "./closed-streams.js";
import { abuse, ConnectionError, ErrorCode, protocolError } from "./error.js";
import { MAX_31 } from "./frame.js";
import {
  type ExtraHeaders,
  type Outbound,
  type OutboundOwner,
  type OutgoingHeaders,
  writeReset,
} from "./outbound.js";
import type { ReceiveWindows } from "./receive-windows.js";
import { ENOUGH_QUEUED_BYTES, Http2Stream, type StreamOwner } from "./stream.js";
import { StreamMap } from "./stream-map.js";

/** What the table tells the connection. */
export interface TableOwner {
  onRequest(stream: Http2Stream): void;
  outputDue(): void;
  /** The last stream is over. */
  onNoStreams(): void;
  /** Something has thrown that must not throw; the connection ends. */
  fail(thrown: unknown): void;
}

/**
 * The streams of a connection: how they open and end, and how what happens on them is delivered. Nothing is delivered
 * while a chunk is being read, so that receivers, which may do anything, never meet a half-read one; a request that is
 * reset in the chunk that opens it is delivered to nobody.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-5.1
 */
export class StreamTable implements StreamOwner, OutboundOwner {
  /** The streams that are open. */
  readonly open = new StreamMap();
  /** The highest id of the peer's streams, and the next of ours. */
  lastPeerId = 0;
  nextOwnId = 1;
  /** The time, as the connection was told. */
  nowMs: number;
  /** Since when no stream is open. */
  idleSinceMs: number;
  /** A chunk is being read. */
  receiving = false;
  /** The chunk that is being read, if its bytes may change when it has been. */
  lent: Buffer | undefined;
  /** The window that the peer gives new streams. */
  initialSendWindow = 65_535;

  readonly #owner: TableOwner;
  readonly #isServer: boolean;
  readonly #ended = new ClosedStreams();
  readonly #touched: Http2Stream[] = [];
  #outbound!: Outbound;
  #windows!: ReceiveWindows;
  #wasted!: Bucket;
  #delivering = false;
  // The stream that was asked for last: most frames find theirs here.
  #latest: Http2Stream | undefined;

  constructor(owner: TableOwner, isServer: boolean, nowMs: number) {
    this.#owner = owner;
    this.#isServer = isServer;
    this.nowMs = nowMs;
    this.idleSinceMs = nowMs;
  }

  /** Gives the table what it works with, some of which needs the table itself. */
  connect(outbound: Outbound, windows: ReceiveWindows, wasted: Bucket): void {
    this.#outbound = outbound;
    this.#windows = windows;
    this.#wasted = wasted;
  }

  // ---- opening and ending ----

  /** The open stream with this id. */
  find(streamId: number): Http2Stream | undefined {
    if (this.#latest?.id === streamId) return this.#latest;
    const stream = this.open.get(streamId);
    if (stream !== undefined) this.#latest = stream;
    return stream;
  }

  /** Opens a stream. */
  add(streamId: number): Http2Stream {
    const stream = new Http2Stream(this, streamId, this.#windows.initial, this.initialSendWindow, this.nowMs);
    this.open.add(stream);
    this.#latest = stream;
    return stream;
  }

  /** How a stream that is not open came to its end. Throws for one that has never been opened. */
  endingOf(streamId: number): Ending {
    const opened = streamId % 2 === 1 && streamId <= (this.#isServer ? this.lastPeerId : this.nextOwnId - 2);
    if (!opened) throw protocolError("a frame on a stream that is not open");
    return this.#ended.endingOf(streamId);
  }

  /** The peer has sent END_STREAM. */
  remoteEnd(stream: Http2Stream): void {
    stream.remoteEnded = true;
    // https://www.rfc-editor.org/rfc/rfc9113#section-8.1.1-2
    if (stream.contentLeft > 0) this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    else if (stream.localEnded) this.end(stream, Ending.COMPLETE, ErrorCode.NO_ERROR);
  }

  /** Ends a stream here; nothing is said to the peer. */
  end(stream: Http2Stream, ending: Ending, code: number): void {
    stream.closed = true;
    stream.closeCode = code;
    this.open.delete(stream.id);
    if (this.#latest === stream) this.#latest = undefined;
    this.#ended.add(stream.id, ending);
    this.#outbound.forget(stream);
    if (this.open.size === 0) {
      this.idleSinceMs = this.nowMs;
      this.#owner.onNoStreams();
    }
    this.touch(stream);
  }

  /** Ends all streams, as the connection ends. */
  endAll(code: number): void {
    for (const stream of this.open.values()) this.end(stream, Ending.RESET_BY_US, code);
    this.deliverTouched();
  }

  /** The peer has done something on a stream that ends it. */
  streamError(stream: Http2Stream, code: ErrorCode): void {
    this.resetStream(stream, code);
    this.waste();
  }

  /** As `streamError`, on a stream that may not be open. */
  errorOn(streamId: number, code: ErrorCode): void {
    const stream = this.find(streamId);
    if (stream !== undefined) this.streamError(stream, code);
    else this.refuse(streamId, code);
  }

  /** Resets a stream that is not open; it was the peer's fault. */
  refuse(streamId: number, code: ErrorCode): void {
    writeReset(this.#outbound.output, streamId, code);
    this.#ended.add(streamId, Ending.RESET_BY_US);
    this.#owner.outputDue();
    if (code !== ErrorCode.REFUSED_STREAM) this.waste();
  }

  /**
   * The peer has wasted a stream: reset it unanswered ("rapid reset", CVE-2023-44487), or made us reset it
   * ("MadeYouReset", CVE-2025-8671). Throws if it does so all the time.
   */
  waste(): void {
    if (!this.#wasted.take(1, this.nowMs)) throw abuse("too many streams are reset");
  }

  /** DATA or HEADERS on a stream whose peer's side has ended. */
  lateFrame(streamId: number): void {
    const stream = this.find(streamId);
    if (stream !== undefined) {
      this.streamError(stream, ErrorCode.STREAM_CLOSED);
      return;
    }
    const ending = this.endingOf(streamId);
    if (ending === Ending.COMPLETE) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, "a frame on a stream that is over");
    }
    // A server may still be answering what we gave up long ago, a thousand streams at once: no fault of its own.
    if (ending === Ending.UNKNOWN && !this.#isServer) return;
    if (ending !== Ending.RESET_BY_US) this.refuse(streamId, ErrorCode.STREAM_CLOSED);
  }

  // ---- delivering ----

  /** Something is to be delivered on this stream: at once, or after the chunk. */
  touch(stream: Http2Stream): void {
    if (!stream.touched) {
      stream.touched = true;
      this.#touched.push(stream);
    }
    if (!this.receiving) this.deliverTouched();
  }

  /** Delivers all there is. */
  deliverTouched(): void {
    const touched = this.#touched;
    if (this.#delivering || touched.length === 0) return;
    this.#delivering = true;
    // The list may grow on the way.
    for (let i = 0; i < touched.length; i++) {
      const stream = touched[i]!;
      stream.touched = false;
      try {
        this.deliver(stream);
      } catch (thrown) {
        this.#owner.fail(thrown);
      }
    }
    touched.length = 0;
    this.#delivering = false;
  }

  /** Delivers what there is on one stream. */
  deliver(stream: Http2Stream): void {
    if (!stream.introduced) {
      stream.introduced = true;
      if (stream.closed) stream.closeDelivered = true;
      else this.#owner.onRequest(stream);
    }
    if (!this.#isServer) deliverHeaders(stream);
    // Of a request that was reset, nothing more; of a response that is complete, all, whatever came after it.
    const wanted = !stream.closed || (!this.#isServer && stream.remoteEnded && !stream.abandoned);
    if (stream.body !== undefined && (!wanted || stream.reading)) {
      this.#readBody(stream, wanted);
    }
    if (wanted && stream.remoteEnded && stream.reading && stream.body === undefined && !stream.endDelivered) {
      stream.endDelivered = true;
      stream.receiver.onEnd();
    }
    if (stream.drainDue) {
      stream.drainDue = false;
      if (!stream.closed) stream.receiver.onDrain();
    }
    if (stream.closed && !stream.closeDelivered && (!wanted || stream.endDelivered)) {
      stream.closeDelivered = true;
      stream.receiver.onClose(stream.closeCode);
    }
  }

  #readBody(stream: Http2Stream, wanted: boolean): void {
    const part = stream.takeBody()!;
    if (this.#windows.readOf(stream, part.byteLength)) this.#owner.outputDue();
    if (wanted) stream.receiver.onData(part);
  }

  // ---- sending: StreamOwner, OutboundOwner ----

  sendHeaders(
    stream: Http2Stream,
    headers: OutgoingHeaders,
    extra: ExtraHeaders | undefined,
    end: boolean,
  ): void {
    this.#outbound.sendHeaders(stream, headers, extra, end);
  }

  sendData(stream: Http2Stream, part: Uint8Array, end: boolean, head?: Uint8Array): void {
    this.#outbound.sendData(stream, part, end, head);
  }

  hasRoom(stream: Http2Stream, length: number): boolean {
    return this.#outbound.hasRoom(stream, length);
  }

  sendEnd(stream: Http2Stream, trailers: OutgoingHeaders | undefined, extra: ExtraHeaders | undefined): void {
    this.#outbound.sendEnd(stream, trailers, extra);
  }

  resumed(stream: Http2Stream): void {
    // Only from now on can the peer be late with more.
    stream.receivedMs = this.nowMs;
    this.deliver(stream);
  }

  resetStream(stream: Http2Stream, code: ErrorCode): void {
    writeReset(this.#outbound.output, stream.id, code);
    this.#owner.outputDue();
    this.end(stream, Ending.RESET_BY_US, code);
  }

  outputDue(): void {
    this.#owner.outputDue();
  }

  sentAll(stream: Http2Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.end(stream, Ending.COMPLETE, ErrorCode.NO_ERROR);
    // The answer is complete, and nobody will read what is left of the request: the client is asked to stop.
    // https://www.rfc-editor.org/rfc/rfc9113#section-8.1-6
    else if (this.#isServer) this.resetStream(stream, ErrorCode.NO_ERROR);
  }

  drained(stream: Http2Stream): void {
    if (!stream.drainAwaited || stream.queuedBytes > ENOUGH_QUEUED_BYTES / 2) return;
    stream.drainAwaited = false;
    stream.drainDue = true;
    this.touch(stream);
  }

  overBudget(stream: Http2Stream): void {
    this.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM);
  }

  overflowed(): void {
    this.#owner.fail(abuse("the peer does not read what it has asked for"));
  }

  /** Whether ids of our own are left. */
  get hasOwnIds(): boolean {
    return this.nextOwnId <= MAX_31;
  }
}

function deliverHeaders(stream: Http2Stream): void {
  const { informational } = stream;
  if (informational !== undefined) {
    stream.informational = undefined;
    for (const headers of informational) stream.receiver.onInformational?.(headers);
  }
  if (stream.message !== undefined && !stream.headersDelivered) {
    stream.headersDelivered = true;
    stream.receiver.onHeaders?.(stream.message.headers);
  }
}
