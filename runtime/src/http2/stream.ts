import { ErrorCode } from "./error.js";
import type { HeaderMap, Message } from "./message.js";
import type { ExtraHeaders, OutgoingHeaders } from "./outbound.js";

/** Told what happens on a stream; never while the connection is reading a chunk, only after it. */
export interface StreamReceiver {
  /** The header section of the response, at a client. */
  onHeaders?(headers: HeaderMap): void;
  /** An interim response (1xx), at a client. */
  onInformational?(headers: HeaderMap): void;
  /** A part of the body; the bytes are the receiver's to keep. */
  onData(part: Uint8Array): void;
  /** The body is complete; trailers, if there were any, are in `stream.trailers`. */
  onEnd(): void;
  /** `write` said that enough is waiting; now there is room again. */
  onDrain(): void;
  /**
   * The stream is over, well or not: `code` is why it was reset, or NO_ERROR. Called once, last; and from within the
   * method by which we end the stream ourselves.
   */
  onClose(code: number): void;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Delivers what the stream has to deliver. */
  deliver(stream: Http2Stream): void;
  /** Somebody reads (again): delivers what has waited for that. */
  resumed(stream: Http2Stream): void;
  sendHeaders(
    stream: Http2Stream,
    headers: OutgoingHeaders,
    extra: ExtraHeaders | undefined,
    end: boolean,
  ): void;
  sendData(stream: Http2Stream, part: Uint8Array, end: boolean, head: Uint8Array | undefined): void;
  hasRoom(stream: Http2Stream, length: number): boolean;
  sendEnd(stream: Http2Stream, trailers: OutgoingHeaders | undefined, extra: ExtraHeaders | undefined): void;
  resetStream(stream: Http2Stream, code: ErrorCode): void;
}

/** Above this, a writer is asked to wait; below half of it, to go on. */
export const ENOUGH_QUEUED_BYTES = 64 * 1024;

const ignore = (): void => {};
const nobody: StreamReceiver = { onData: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };
const noQueue: Uint8Array[] = [];

/**
 * One request and its response. All methods may be called in any state; on a stream that is over, or whose side has
 * been ended, they do nothing, and so does sending a body before its header section.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-5.1
 */
export class Http2Stream {
  readonly id: number;
  receiver: StreamReceiver = nobody;
  /** Header section of the request at a server, of the response at a client (undefined until it is there). */
  message: Message | undefined;
  /** The header section had too many fields, or was too long; there is no message then. */
  headersTooLong = false;
  /** Trailers of the body that has been received, if it had any. */
  trailers: HeaderMap | undefined;
  /** The stream is over. */
  closed = false;
  /** We have sent our header section. */
  headersSent = false;
  /** We will send nothing more, or have said so. */
  endAsked = false;
  /** We have given up on it. */
  abandoned = false;
  /** END_STREAM has been sent. */
  localEnded = false;
  /** END_STREAM has been received. */
  remoteEnded = false;
  /** At a server: the body may pause for as long as it likes, as a stream of messages does. */
  unhurried = false;

  /** @internal What follows is the connection's. */
  reading = false;
  /** @internal Interim responses that are not delivered yet. */
  informational: HeaderMap[] | undefined;
  /** @internal In the connection's list of streams with something to deliver. */
  touched = false;
  /** @internal What has been delivered of it. */
  introduced = false;
  headersDelivered = false;
  endDelivered = false;
  closeDelivered = false;
  /** @internal Why it was closed. */
  closeCode: number = ErrorCode.NO_ERROR;
  /** @internal Body that is not delivered yet: the first `bodyLength` bytes. */
  body: Buffer | undefined;
  bodyLength = 0;
  /** @internal Bytes that the content-length still promises; -1 if it promises nothing. */
  contentLeft = -1;
  /** @internal Windows, and what has been read of ours without saying so. */
  receiveWindow: number;
  unacknowledged = 0;
  sendWindow: number;
  /** @internal When data was received last, and sent last. */
  receivedMs: number;
  progressMs = 0;
  /** @internal Data that waits for a window, from `queueOffset` of the first part on. */
  queue = noQueue;
  queueOffset = 0;
  queuedBytes = 0;
  ready = false;
  endQueued = false;
  trailersQueued: OutgoingHeaders | undefined;
  extraTrailersQueued: ExtraHeaders | undefined;
  /** @internal A writer waits, and is to be told to go on. */
  drainAwaited = false;
  drainDue = false;
  /** @internal A request of HEAD: no body comes, whatever the content-length says. */
  bodiless = false;

  readonly #owner: StreamOwner;

  constructor(owner: StreamOwner, id: number, receiveWindow: number, sendWindow: number, nowMs: number) {
    this.#owner = owner;
    this.id = id;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
    this.receivedMs = nowMs;
  }

  /** Starts to deliver the body, or goes on with it. Until then the peer may send as much as the window holds. */
  read(): void {
    this.reading = true;
    this.#owner.resumed(this);
  }

  /** Stops delivering the body; the peer is held back by the window. */
  pause(): void {
    this.reading = false;
  }

  /** Sends an interim response (1xx). */
  respondInformational(headers: OutgoingHeaders): void {
    if (this.closed || this.headersSent) return;
    this.#owner.sendHeaders(this, headers, undefined, false);
  }

  /** Sends the header section. */
  respond(headers: OutgoingHeaders, extra: ExtraHeaders | undefined, end: boolean): void {
    if (this.closed || this.headersSent) return;
    this.headersSent = true;
    if (end) this.endAsked = true;
    this.#owner.sendHeaders(this, headers, extra, end);
  }

  /**
   * Sends a part of the body, behind a `head` of some bytes where one is given; the bytes must not change afterwards. False: enough is waiting, and
   * `receiver.onDrain` tells when to go on.
   */
  write(part: Uint8Array, end = false, head?: Uint8Array): boolean {
    if (this.closed || this.endAsked || !this.headersSent) return true;
    if (this.queue === noQueue) this.queue = [];
    if (end) this.endAsked = true;
    this.#owner.sendData(this, part, end, head);
    if (end || this.queuedBytes < ENOUGH_QUEUED_BYTES) return true;
    this.drainAwaited = true;
    return false;
  }

  /** Whether so many bytes more of a body may wait for the peer, or need not; more than that reset the stream. */
  hasRoom(length: number): boolean {
    return this.closed || this.#owner.hasRoom(this, length);
  }

  /** Ends the body, with trailers or without. */
  end(trailers?: OutgoingHeaders, extra?: ExtraHeaders): void {
    if (this.closed || this.endAsked || !this.headersSent) return;
    this.endAsked = true;
    this.drainAwaited = false;
    this.#owner.sendEnd(this, trailers, extra);
  }

  /** Gives up. */
  reset(code: ErrorCode): void {
    this.abandoned = true;
    if (this.closed) this.#owner.deliver(this);
    else this.#owner.resetStream(this, code);
  }

  /** @internal Takes a part of the body; short ones are copied, so as not to keep a whole chunk for them, and what is lent. */
  appendBody(bytes: Buffer, start: number, end: number, lent: boolean): void {
    const count = end - start;
    if (this.body === undefined) {
      if (!lent && count * 4 >= bytes.byteLength) {
        this.body = bytes.subarray(start, end);
      } else {
        this.body = Buffer.allocUnsafe(count);
        copy(bytes, start, end, this.body, 0);
      }
      this.bodyLength = count;
      return;
    }
    // Many small frames become one part: each as an object of its own would cost a hundred times its bytes.
    const length = this.bodyLength + count;
    const shared = this.body.byteLength === this.bodyLength;
    if (shared || length > this.body.byteLength) {
      const grown = Buffer.allocUnsafeSlow(Math.max(1024, length + (length >>> 2)));
      grown.set(this.body.subarray(0, this.bodyLength));
      this.body = grown;
    }
    copy(bytes, start, end, this.body, this.bodyLength);
    this.bodyLength = length;
  }

  /** @internal Hands over what `appendBody` has gathered. */
  takeBody(): Buffer | undefined {
    const { body, bodyLength } = this;
    this.body = undefined;
    this.bodyLength = 0;
    return body === undefined || body.byteLength === bodyLength ? body : body.subarray(0, bodyLength);
  }
}

// A loop costs 1 ns a byte, and `set` with its `subarray` 100 ns however little is copied.
function copy(source: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > 100) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}
