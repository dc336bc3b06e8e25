import type { PorticoError } from "../call/error.js";

/**
 * One request and its answer, as a protocol (gRPC, later gRPC-Web, Connect, REST) speaks them over a stream. The
 * pipeline decides what to answer, the exchange how it looks on the wire. Once ended, all methods do nothing.
 */
export interface Exchange {
  /** Told what happens; set before `read()`. */
  receiver: ExchangeReceiver | undefined;
  /** Starts to read the request. One that is longer than `maxBytes` is a bad one, before it is buffered. */
  read(maxBytes: number): void;
  /** Starts to read a stream of requests, each of at most `maxBytes`: one for each `pull`. */
  readStream(maxBytes: number): void;
  /**
   * Asks for the next request of a stream; the receiver's `onRequest`, `onRequestEnd` or `onBadRequest` answers, and is
   * to be waited for. While nobody asks, the client is held back.
   */
  pull(): void;
  /** Whether a message of so many bytes may wait for the client; to be asked before it is sent. */
  hasRoom(bytes: number): boolean;
  /**
   * The whole answer of a unary method. Ends the exchange. `degraded`: the public fields that were left empty, for the
   * client to see.
   */
  sendReply(message: Uint8Array, degraded?: string): void;
  /** One message of a stream. False: enough is buffered, and `receiver.onDrain` tells when to go on. */
  sendMessage(message: Uint8Array): boolean;
  /** Ends a stream of messages well; `degraded` as in `sendReply`. */
  sendEnd(degraded?: string): void;
  /** Ends the exchange with an error: its code and public text, and nothing else of it. */
  sendError(error: PorticoError): void;
}

export interface ExchangeReceiver {
  /** The one request message, or the next of a stream; the bytes are the receiver's to keep. */
  onRequest(message: Uint8Array): void;
  /** The stream of requests is complete. */
  onRequestEnd(): void;
  /** The request cannot be read. */
  onBadRequest(error: PorticoError): void;
  onDrain(): void;
  /** The client has gone before the exchange ended. */
  onGone(): void;
}
