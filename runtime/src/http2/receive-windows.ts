import { ConnectionError, ErrorCode } from "./error.js";
import { DEFAULT_WINDOW_BYTES, FrameType, writeNumberFrame } from "./frame.js";
import type { Http2Limits } from "./limits.js";
import type { Output } from "./output.js";
import type { Http2Stream } from "./stream.js";

/**
 * The windows that the peer sends into, of streams and of the connection. What somebody has read is given back when it
 * is half a window, so that a WINDOW_UPDATE is rare.
 *
 * A server counts the connection's window as read when a stream's data are: so all that clients can make it hold is that
 * window. A client gives it back when data arrive: streams that somebody reads slowly must not stop the others, and what
 * can be held is bounded by the streams that were asked for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-6.9
 */
export class ReceiveWindows {
  /** The window that a new stream has. */
  initial: number = DEFAULT_WINDOW_BYTES;

  readonly #output: Output;
  readonly #streamBytes: number;
  readonly #connectionBytes: number;
  readonly #atOnce: boolean;
  #window = DEFAULT_WINDOW_BYTES;
  #unacknowledged = 0;

  /** @param atOnce gives the connection's window back when data arrive, and not when they are read. */
  constructor(limits: Http2Limits, output: Output, atOnce: boolean) {
    this.#output = output;
    this.#atOnce = atOnce;
    this.#streamBytes = limits.streamWindowBytes;
    this.#connectionBytes = Math.max(limits.connectionWindowBytes, DEFAULT_WINDOW_BYTES);
  }

  /** Opens the window of the connection to its size, which no setting does. */
  open(): void {
    const increment = this.#connectionBytes - this.#window;
    if (increment > 0) writeNumberFrame(this.#output, FrameType.WINDOW_UPDATE, 0, increment);
    this.#window += increment;
  }

  /** The peer knows of our INITIAL_WINDOW_SIZE: https://www.rfc-editor.org/rfc/rfc9113#section-6.9.2 */
  settle(streams: Iterable<Http2Stream>): void {
    const delta = this.#streamBytes - this.initial;
    this.initial = this.#streamBytes;
    if (delta !== 0) for (const stream of streams) stream.receiveWindow += delta;
  }

  /** Data has arrived. Throws if the peer has overrun the window of the connection. Gives true if that made output. */
  received(bytes: number): boolean {
    this.#window -= bytes;
    if (this.#window < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "the window of the connection is overrun");
    }
    return this.#atOnce && this.#giveBack(bytes);
  }

  /** Data has been read, or dropped. Gives true if that made output. */
  read(bytes: number): boolean {
    return !this.#atOnce && this.#giveBack(bytes);
  }

  /** Data of a stream has been read; it is given back to the stream as well. Gives true if that made output. */
  readOf(stream: Http2Stream, bytes: number): boolean {
    const wrote = this.read(bytes);
    if (stream.remoteEnded || stream.closed) return wrote;
    stream.unacknowledged += bytes;
    if (stream.unacknowledged * 2 < this.#streamBytes) return wrote;
    writeNumberFrame(this.#output, FrameType.WINDOW_UPDATE, stream.id, stream.unacknowledged);
    stream.receiveWindow += stream.unacknowledged;
    stream.unacknowledged = 0;
    return true;
  }

  #giveBack(bytes: number): boolean {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged * 2 < this.#connectionBytes) return false;
    writeNumberFrame(this.#output, FrameType.WINDOW_UPDATE, 0, this.#unacknowledged);
    this.#window += this.#unacknowledged;
    this.#unacknowledged = 0;
    return true;
  }
}
