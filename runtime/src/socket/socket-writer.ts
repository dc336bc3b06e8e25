import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ByteBudget, Http2Connection } from "../http2/index.js";

/** Moves the output of an HTTP/2 connection to its socket, and gives back the buffers that the socket has done with. */
export class SocketWriter {
  readonly #socket: Socket;
  readonly #http2: Http2Connection;
  readonly #encrypted: boolean;
  // Buffers that an encrypting socket has not read yet.
  readonly #unsent: Buffer[] = [];
  readonly #onSent = (error?: Error | null): void => {
    const sent = this.#unsent.shift();
    if (sent !== undefined && !error) this.#http2.outputSent(sent);
  };
  // The socket has taken less than it was given: more would wait in it, where nothing can be dropped any more.
  #full = false;
  readonly #budget: ByteBudget | undefined;
  // Bytes that the socket holds, as the budget knows of them; and since when the system has taken nothing of them.
  #held = 0;
  #taken = -1;
  #stalledSinceMs = 0;

  /** `budget` counts what the socket holds, until `close`. */
  constructor(socket: Socket, http2: Http2Connection, budget?: ByteBudget) {
    this.#budget = budget;
    this.#socket = socket;
    this.#http2 = http2;
    this.#encrypted = socket instanceof TLSSocket;
  }

  /** The socket takes more again. */
  drained(): void {
    this.#full = false;
    this.#count();
  }

  /** Nothing is held any more. */
  close(): void {
    if (this.#budget !== undefined) this.#budget.used -= this.#held;
    this.#held = 0;
  }

  /** For how long the system has taken nothing of what the socket holds. To be asked about once a second. */
  stalledMs(nowMs: number): number {
    this.#count();
    const taken = this.#socket.bytesWritten - this.#held;
    if (this.#held === 0 || taken !== this.#taken) this.#stalledSinceMs = nowMs;
    this.#taken = taken;
    return nowMs - this.#stalledSinceMs;
  }

  #count(): void {
    const { destroyed, writableLength } = this.#socket;
    const held = destroyed ? 0 : writableLength;
    if (this.#budget !== undefined) this.#budget.used += held - this.#held;
    this.#held = held;
  }

  /**
   * Writes what there is, as far as the socket takes it. False if nothing of it can have reached the peer: the socket
   * had no room for any, or is broken.
   */
  write(): boolean {
    const socket = this.#socket;
    let written = false;
    while (!this.#full) {
      const output = this.#http2.takeOutput();
      if (output === undefined || socket.destroyed) return written;
      // A socket that encrypts says later that it has read the buffer, one that does not at once: nearly always the
      // system takes all. Only a buffer that neither has is the socket's for good.
      if (this.#encrypted) this.#unsent.push(output);
      const wantsMore = this.#encrypted ? socket.write(output, this.#onSent) : socket.write(output);
      // What the system refuses at once, it has refused whole.
      if (this.#encrypted || !socket.errored) written = true;
      if (socket.writableLength > 0) {
        this.#full = !wantsMore;
        this.#count();
      } else if (!this.#encrypted) this.#http2.outputSent(output);
    }
    return written;
  }
}
