import type { Bucket } from "./bucket.js";
import type { ByteBudget } from "./byte-budget.js";
import { Ending } from "./closed-streams.js";
import { abuse, ConnectionError, ErrorCode, protocolError } from "./error.js";
import { Flag, MAX_31, writePing, writeSettings } from "./frame.js";
import type { FrameSink } from "./frame-reader.js";
import { BadMessage, HeaderReader } from "./header-reader.js";
import type { Http2Limits } from "./limits.js";
import { type Outbound, shiftSendWindows } from "./outbound.js";
import type { ReceiveWindows } from "./receive-windows.js";
import { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import type { StreamTable } from "./stream-table.js";

// What a frame that does no work costs, of the bucket of those; others cost 1.
const SETTINGS_COST = 10;
const WORTH_OF_A_REQUEST = 10;
const MOST_INFORMATIONAL = 16;

/** What inbound tells the connection. */
export interface InboundOwner {
  outputDue(): void;
  /** The peer has sent its settings. */
  onSettled(): void;
  onPingAnswered(payload: Buffer, start: number): void;
  /** The peer processes no streams of ours above this one. */
  onGoingAway(lastStreamId: number): void;
}

/**
 * The receiving half of a connection: what each frame does to it and to its streams.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-6
 */
export class Inbound implements FrameSink {
  readonly peer = new PeerSettings();
  /** New streams of the peer above this are refused, as we are going away. */
  lastServedId = MAX_31;

  readonly #owner: InboundOwner;
  readonly #isServer: boolean;
  readonly #maxStreams: number;
  readonly #table: StreamTable;
  readonly #outbound: Outbound;
  readonly #windows: ReceiveWindows;
  readonly #idleFrames: Bucket;
  readonly #headers: HeaderReader;

  constructor(
    owner: InboundOwner,
    isServer: boolean,
    limits: Http2Limits,
    table: StreamTable,
    outbound: Outbound,
    windows: ReceiveWindows,
    idleFrames: Bucket,
    tables: ByteBudget,
  ) {
    this.#owner = owner;
    this.#isServer = isServer;
    this.#maxStreams = limits.maxConcurrentStreams;
    this.#table = table;
    this.#outbound = outbound;
    this.#windows = windows;
    this.#idleFrames = idleFrames;
    this.#headers = new HeaderReader(limits, isServer, idleFrames, tables);
  }

  /** The connection is over: its table counts no more. */
  releaseTable(): void {
    this.#headers.releaseTable();
  }

  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    flowBytes: number,
    endStream: boolean,
  ): void {
    const table = this.#table;
    const length = end - start;
    if (this.#windows.received(flowBytes)) this.#owner.outputDue();
    const stream = table.find(streamId);
    // A frame with data pays for itself: it brings bytes that somebody wants. One without, or with padding only, is work
    // for nothing. What was on its way to a stream that is refused or reset is neither, at a server; a client that gives up
    // many calls at once has asked for it.
    if (length === 0) {
      if (!endStream) this.#costs(1);
    } else if (stream !== undefined || !this.#isServer) this.#idleFrames.put(1);
    if (stream === undefined || stream.remoteEnded) {
      this.#dropped(flowBytes);
      table.lateFrame(streamId);
      return;
    }
    stream.receivedMs = table.nowMs;
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) {
      this.#dropped(flowBytes);
      table.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
      return;
    }
    // More than the content-length says, or a body before its head.
    const left = stream.contentLeft;
    if ((left !== -1 && length > left) || (stream.message === undefined && !this.#isServer)) {
      this.#dropped(flowBytes);
      table.streamError(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (left !== -1) stream.contentLeft = left - length;
    // Padding is read by nobody.
    if (flowBytes > length && this.#windows.readOf(stream, flowBytes - length)) this.#owner.outputDue();
    if (length > 0) stream.appendBody(bytes, start, end, bytes === table.lent);
    if (endStream) table.remoteEnd(stream);
    table.touch(stream);
  }

  onHeaders(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    endStream: boolean,
    dependsOn: number,
  ): void {
    const table = this.#table;
    const stream = table.find(streamId);
    if (stream !== undefined) this.#moreHeaders(stream, bytes, start, end, endStream);
    else if (this.#isServer && streamId > table.lastPeerId && streamId % 2 === 1) {
      this.#newRequest(streamId, bytes, start, end, endStream);
    } else {
      // One that was passed over when a higher one was opened: https://www.rfc-editor.org/rfc/rfc9113#section-5.1.1-4
      if (table.endingOf(streamId) === Ending.UNKNOWN && this.#isServer)
        throw protocolError("HEADERS on a stream that cannot open");
      this.#headers.skip(bytes, start, end, table.nowMs);
      this.#costs(1);
      table.lateFrame(streamId);
    }
    if (dependsOn === streamId) table.errorOn(streamId, ErrorCode.PROTOCOL_ERROR);
  }

  // Priorities are not used any more, only checked: https://www.rfc-editor.org/rfc/rfc9113#section-5.3.2
  onPriority(streamId: number, dependsOn: number): void {
    this.#costs(1);
    if (dependsOn < 0) this.#table.errorOn(streamId, ErrorCode.FRAME_SIZE_ERROR);
    else if (dependsOn === streamId) this.#table.errorOn(streamId, ErrorCode.PROTOCOL_ERROR);
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#table.find(streamId);
    if (stream === undefined) {
      this.#table.endingOf(streamId);
      this.#costs(1);
      return;
    }
    this.#table.end(stream, Ending.RESET_BY_PEER, code);
    if (this.#isServer && !stream.headersSent) this.#table.waste();
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    this.#costs(SETTINGS_COST);
    const { peer } = this;
    const before = peer.initialWindowSize;
    peer.read(bytes, start, end, !this.#isServer);
    this.#outbound.encoder.setMaxTableBytes(peer.headerTableSize);
    this.#table.initialSendWindow = peer.initialWindowSize;
    shiftSendWindows(this.#outbound, this.#table.open.values(), peer.initialWindowSize - before);
    writeSettings(this.#outbound.output, []);
    this.#owner.outputDue();
    this.#owner.onSettled();
  }

  onSettingsAck(): void {
    this.#costs(1);
    this.#windows.settle(this.#table.open.values());
  }

  onPing(bytes: Buffer, start: number): void {
    this.#costs(1);
    writePing(this.#outbound.output, Flag.ACK, bytes, start);
    this.#owner.outputDue();
  }

  onPingAck(bytes: Buffer, start: number): void {
    this.#costs(1);
    this.#owner.onPingAnswered(bytes, start);
  }

  onGoaway(lastStreamId: number, _code: number): void {
    this.#costs(1);
    this.#owner.onGoingAway(lastStreamId);
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#costs(1);
    if (streamId === 0) {
      if (increment === 0) throw protocolError("WINDOW_UPDATE by nothing");
      if (this.#outbound.windowOverflows(undefined, increment)) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "the window is too large");
      }
      this.#outbound.openWindow(undefined, increment);
      return;
    }
    const stream = this.#table.find(streamId);
    if (stream === undefined) this.#table.endingOf(streamId);
    else if (increment === 0) this.#table.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    else if (this.#outbound.windowOverflows(stream, increment)) {
      this.#table.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
    } else this.#outbound.openWindow(stream, increment);
  }

  onUnknown(): void {
    this.#costs(1);
  }

  // https://www.rfc-editor.org/rfc/rfc9113#section-8.1
  #newRequest(streamId: number, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    const table = this.#table;
    table.lastPeerId = streamId;
    const message = this.#headers.message(bytes, start, end, table.nowMs);
    if (streamId > this.lastServedId || table.open.size >= this.#maxStreams) {
      this.#costs(1);
      table.refuse(streamId, ErrorCode.REFUSED_STREAM);
      return;
    }
    if (message === BadMessage.MALFORMED) {
      table.refuse(streamId, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    this.#idleFrames.put(WORTH_OF_A_REQUEST);
    const stream = table.add(streamId);
    if (message === BadMessage.TOO_LONG) stream.headersTooLong = true;
    else {
      stream.message = message;
      stream.contentLeft = message.contentLength;
    }
    if (endStream) table.remoteEnd(stream);
    table.touch(stream);
  }

  // The head of a response, or trailers.
  #moreHeaders(stream: Http2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    const table = this.#table;
    stream.receivedMs = table.nowMs;
    if (stream.remoteEnded) {
      this.#headers.skip(bytes, start, end, table.nowMs);
      table.streamError(stream, ErrorCode.STREAM_CLOSED);
    } else if (this.#isServer || stream.message !== undefined) {
      const trailers = this.#headers.trailers(bytes, start, end, table.nowMs);
      if (typeof trailers === "string" || !endStream) {
        table.streamError(stream, ErrorCode.PROTOCOL_ERROR);
        return;
      }
      stream.trailers = trailers;
      table.remoteEnd(stream);
      table.touch(stream);
    } else this.#response(stream, bytes, start, end, endStream);
  }

  #response(stream: Http2Stream, bytes: Buffer, start: number, end: number, endStream: boolean): void {
    const table = this.#table;
    const message = this.#headers.message(bytes, start, end, table.nowMs);
    if (typeof message === "string") {
      stream.headersTooLong = message === BadMessage.TOO_LONG;
      table.streamError(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (message.status < 200) {
      if (endStream) {
        table.streamError(stream, ErrorCode.PROTOCOL_ERROR);
        return;
      }
      this.#costs(1);
      stream.informational ??= [];
      if (stream.informational.length >= MOST_INFORMATIONAL) throw abuse("too many interim responses");
      stream.informational.push(message.headers);
    } else {
      stream.message = message;
      const bodiless = stream.bodiless || message.status === 204 || message.status === 304;
      if (!bodiless) stream.contentLeft = message.contentLength;
      if (endStream) table.remoteEnd(stream);
    }
    table.touch(stream);
  }

  // Data that nobody will read: its window is given back all the same.
  #dropped(flowBytes: number): void {
    if (this.#windows.read(flowBytes)) this.#owner.outputDue();
  }

  #costs(count: number): void {
    if (!this.#idleFrames.take(count, this.#table.nowMs)) throw abuse("too many frames that do no work");
  }
}
