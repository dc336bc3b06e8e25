import { Bucket } from "./bucket.js";
import { type ByteBudget, unbounded } from "./byte-budget.js";
import { Ending } from "./closed-streams.js";
import { ConnectionError, ErrorCode } from "./error.js";
import { MAX_31, PREFACE, writeGoaway, writePing, writeSettings } from "./frame.js";
import { FrameReader } from "./frame-reader.js";
import { Inbound, type InboundOwner } from "./inbound.js";
import { latenessOf } from "./lateness.js";
import type { Http2Limits } from "./limits.js";
import { type ExtraHeaders, Outbound, type OutgoingHeaders } from "./outbound.js";
import { giveBack } from "./output.js";
import { ReceiveWindows } from "./receive-windows.js";
import { Setting } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import { StreamTable, type TableOwner } from "./stream-table.js";

/** Told what happens on a connection. */
export interface ConnectionEvents {
  /** At a server: a request is here; its receiver is to be set. Told after the chunk that it came in is read whole. */
  onRequest(stream: Http2Stream): void;
  /** There is output: `takeOutput` soon, once this tick has said all it has to say. */
  onOutput(): void;
  /** The peer has said what it takes, or that it takes no more requests: `canRequest` may have changed. */
  onPeerChange(): void;
  /** No more comes: send the output that is left, and close the transport. Without an error if all went well. */
  onClose(error: ConnectionError | undefined): void;
}

const KEEPALIVE = Buffer.from("keep\0\0\0\0");
const CLOSING = Buffer.from("close\0\0\0");
// Answers to PINGs, SETTINGS and the like that may wait for a peer that does not read.
const MOST_UNTAKEN_BYTES = 256 * 1024;

/**
 * A connection of HTTP/2, of a server or of a client: a machine that is fed bytes and the time, and gives events and
 * bytes. It has no socket and no timer: whoever has them calls `receive` with each chunk and `tick` about once a second,
 * sends what `takeOutput` gives, and calls `transportClosed` at the end.
 *
 * Whatever goes wrong inside, in a receiver too, ends this connection and nothing else: no method throws.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113
 */
export class Http2Connection implements TableOwner, InboundOwner {
  /** No more comes; all that is left is to send the output. */
  closed = false;
  /** Why, if it did not end well. */
  error: ConnectionError | undefined;

  readonly #events: ConnectionEvents;
  readonly #limits: Http2Limits;
  readonly #isServer: boolean;
  readonly #table: StreamTable;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #reader: FrameReader;
  readonly #wasted: Bucket;
  readonly #openedMs: number;
  #receivedMs: number;
  #settled = false;
  // When a PING was sent that is not answered; 0 if none is.
  #pingedMs = 0;
  // Since when output waits to be taken; 0 if none does.
  #outputSinceMs = 0;
  // We take no more streams; the peer takes none.
  #finishing = false;
  #peerFinishing = false;

  constructor(
    role: "server" | "client",
    limits: Http2Limits,
    events: ConnectionEvents,
    nowMs: number,
    budget: ByteBudget = unbounded(),
    tables: ByteBudget = unbounded(),
  ) {
    const isServer = role === "server";
    this.#isServer = isServer;
    this.#limits = limits;
    this.#events = events;
    this.#openedMs = nowMs;
    this.#receivedMs = nowMs;
    this.#wasted = new Bucket(limits.resetBurst, limits.resetsPerSecond, nowMs);
    const idleFrames = new Bucket(limits.idleFrameBurst, limits.idleFramesPerSecond, nowMs);
    const table = new StreamTable(this, isServer, nowMs);
    const outbound = new Outbound(table, idleFrames, limits.maxQueuedBytes, budget, tables);
    const { output } = outbound;
    const windows = new ReceiveWindows(limits, output, !isServer);
    table.connect(outbound, windows, this.#wasted);
    this.#table = table;
    this.#outbound = outbound;
    this.#inbound = new Inbound(this, isServer, limits, table, outbound, windows, idleFrames, tables);
    this.#reader = new FrameReader(this.#inbound, isServer, limits.maxHeaderListBytes);
    if (!isServer) output.append(PREFACE);
    writeSettings(output, [
      isServer ? [Setting.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams] : [Setting.ENABLE_PUSH, 0],
      [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
      [Setting.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
      // Half of the budget is for the tables of connections that were told of one.
      ...(tables.allows(tables.maxBytes / 2) ? [] : [[Setting.HEADER_TABLE_SIZE, 0] as const]),
    ]);
    windows.open();
    this.#outputSinceMs = nowMs;
    this.#setNow(nowMs);
  }

  // ---- for whoever has the transport ----

  /** Takes a chunk; its bytes must not change afterwards, but where it is only `lent`: then they may when this returns. */
  receive(chunk: Buffer, nowMs: number, lent = false): void {
    if (this.closed) return;
    this.#setNow(nowMs);
    this.#receivedMs = nowMs;
    const table = this.#table;
    table.receiving = true;
    table.lent = lent ? chunk : undefined;
    try {
      this.#reader.read(chunk, nowMs);
      table.receiving = false;
      if (this.#outbound.output.length > MOST_UNTAKEN_BYTES) {
        throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read");
      }
    } catch (thrown) {
      table.receiving = false;
      this.fail(thrown);
    }
    table.deliverTouched();
  }

  /** The output so far: at first, and after each `onOutput`, until it is undefined. */
  takeOutput(): Buffer | undefined {
    const outbound = this.#outbound;
    this.#outputSinceMs = 0;
    if (outbound.hasWork) outbound.pump();
    return outbound.output.length === 0 ? undefined : outbound.output.take();
  }

  /** What `takeOutput` gave is not needed any more. */
  outputSent(taken: Buffer): void {
    giveBack(taken);
  }

  /** Lets time pass: ends what takes too long. */
  tick(nowMs: number): void {
    if (this.closed) return;
    this.#setNow(nowMs);
    const limits = this.#limits;
    const late = latenessOf(limits, nowMs, {
      settled: this.#settled,
      openedMs: this.#openedMs,
      frameSinceMs: this.#reader.frameSinceMs,
      blockSinceMs: this.#reader.blockSinceMs,
      outputSinceMs: this.#outputSinceMs,
      pingedMs: this.#pingedMs,
    });
    if (late !== undefined) {
      this.fail(late);
      return;
    }
    const { open, idleSinceMs } = this.#table;
    try {
      // A client waits for its server as long as its deadlines say.
      if (this.#isServer) for (const stream of open.values()) this.#endIfStalled(stream, nowMs);
    } catch (thrown) {
      this.fail(thrown);
      return;
    }
    if (open.size > 0) this.#keepAlive(nowMs);
    else if (this.#isServer && nowMs - idleSinceMs > limits.idleTimeoutMs) this.finish();
  }

  /** Asks the peer whether it is still there: if it does not answer in time, the connection ends. */
  probe(nowMs: number): void {
    if (this.closed || this.#pingedMs !== 0) return;
    this.#pingedMs = nowMs;
    writePing(this.#outbound.output, 0, KEEPALIVE, 0);
    this.outputDue();
  }

  /** The transport has gone. */
  transportClosed(): void {
    this.#close(undefined, ErrorCode.CONNECT_ERROR);
  }

  // ---- for whoever serves or asks ----

  /** The streams that are open. */
  get openStreams(): number {
    return this.#table.open.size;
  }

  /** No more streams are opened: we have said so, or the peer has. */
  get isFinishing(): boolean {
    return this.closed || this.#finishing || this.#peerFinishing;
  }

  /** Bytes of data that wait for the peer to read. */
  get queuedBytes(): number {
    return this.#outbound.queuedBytes;
  }

  /** At a client: whether a request may be made now. */
  get canRequest(): boolean {
    return (
      !this.isFinishing &&
      this.#table.hasOwnIds &&
      this.#table.open.size < this.#inbound.peer.maxConcurrentStreams
    );
  }

  /**
   * At a client: makes a request, of which `bodiless` says that no body comes with the response, as for HEAD. Gives
   * undefined if none may be made; the receiver is to be set at once.
   */
  request(
    headers: OutgoingHeaders,
    extra: ExtraHeaders | undefined,
    end: boolean,
    bodiless = false,
  ): Http2Stream | undefined {
    if (this.#isServer || !this.canRequest) return undefined;
    const stream = this.#table.add(this.#table.nextOwnId);
    this.#table.nextOwnId += 2;
    stream.introduced = true;
    stream.bodiless = bodiless;
    stream.respond(headers, extra, end);
    return stream;
  }

  /**
   * At a server: asks the peer to open no more streams. Those that it opens until it has heard of it are served; then,
   * or when `finish` is called, no more are. https://www.rfc-editor.org/rfc/rfc9113#section-6.8-14
   */
  announceClose(): void {
    if (this.closed || this.#finishing) return;
    writeGoaway(this.#outbound.output, MAX_31, ErrorCode.NO_ERROR);
    writePing(this.#outbound.output, 0, CLOSING, 0);
    this.outputDue();
  }

  /** Takes no more streams, and closes when those that are open are over. */
  finish(): void {
    if (this.closed || this.#finishing) return;
    this.#finishing = true;
    this.#inbound.lastServedId = this.#table.lastPeerId;
    if (this.#isServer) this.#sayGoodbye();
    this.onNoStreams();
  }

  /** Ends the connection now, and tells the peer why. */
  abort(code: ErrorCode, message: string): void {
    this.fail(new ConnectionError(code, message));
  }

  // ---- TableOwner, InboundOwner ----

  /** @internal */
  onRequest(stream: Http2Stream): void {
    this.#events.onRequest(stream);
  }

  /** @internal */
  outputDue(): void {
    if (this.#outputSinceMs !== 0) return;
    this.#outputSinceMs = this.#table.nowMs;
    this.#events.onOutput();
  }

  /** @internal */
  onNoStreams(): void {
    // A connection that has failed has said its last word.
    if (this.closed || this.#table.open.size > 0) return;
    if (this.#finishing) {
      // A client has nobody to warn, and servers on Python's h2 drop what they do for who says this.
      if (!this.#isServer) this.#sayGoodbye();
      this.#close(undefined, ErrorCode.NO_ERROR);
    } else if (this.#peerFinishing) this.finish();
  }

  /** @internal */
  onSettled(): void {
    this.#settled = true;
    this.#events.onPeerChange();
  }

  /** @internal */
  onPingAnswered(payload: Buffer, start: number): void {
    if (KEEPALIVE.compare(payload, start, start + 8) === 0) this.#pingedMs = 0;
    else if (CLOSING.compare(payload, start, start + 8) === 0) this.finish();
  }

  /** @internal */
  onGoingAway(lastStreamId: number): void {
    this.#peerFinishing = true;
    if (!this.#isServer) {
      for (const stream of this.#table.open.values()) {
        // Not processed, and never will be: https://www.rfc-editor.org/rfc/rfc9113#section-8.7
        if (stream.id > lastStreamId) this.#table.end(stream, Ending.RESET_BY_PEER, ErrorCode.REFUSED_STREAM);
      }
    }
    this.#events.onPeerChange();
    // A server goes on for the streams that are open; a client has no use for a connection without streams.
    if (this.#isServer) this.onNoStreams();
    else this.finish();
  }

  #sayGoodbye(): void {
    writeGoaway(this.#outbound.output, this.#table.lastPeerId, ErrorCode.NO_ERROR);
    this.outputDue();
  }

  /** @internal */
  fail(thrown: unknown): void {
    if (this.closed) return;
    const error =
      thrown instanceof ConnectionError
        ? thrown
        : new ConnectionError(ErrorCode.INTERNAL_ERROR, "a fault of our own", { cause: thrown });
    writeGoaway(this.#outbound.output, this.#table.lastPeerId, error.code);
    this.outputDue();
    this.#close(error, error.code);
  }

  #close(error: ConnectionError | undefined, code: ErrorCode): void {
    if (this.closed) return;
    this.closed = true;
    this.error = error;
    this.#table.endAll(code);
    this.#inbound.releaseTable();
    this.#outbound.encoder.releaseTable();
    this.#events.onClose(error);
  }

  #setNow(nowMs: number): void {
    this.#table.nowMs = nowMs;
    this.#outbound.nowMs = nowMs;
  }

  // A stream that the peer does not read from, or that it leaves hanging in the middle of its body, holds memory.
  #endIfStalled(stream: Http2Stream, nowMs: number): void {
    const unread = stream.queuedBytes > 0 && nowMs - stream.progressMs > this.#limits.stallTimeoutMs;
    const unsent =
      stream.reading &&
      !stream.remoteEnded &&
      !stream.unhurried &&
      nowMs - stream.receivedMs > this.#limits.bodyTimeoutMs;
    if (unread || unsent) this.#table.streamError(stream, ErrorCode.CANCEL);
  }

  #keepAlive(nowMs: number): void {
    if (nowMs - this.#receivedMs >= this.#limits.keepaliveIntervalMs) this.probe(nowMs);
  }
}
