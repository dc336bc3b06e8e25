import type { Headers } from "../auth/authenticator.js";

/**
 * Header fields of a response. Objects of this type are shared constants: a transport may remember their encoding by
 * identity, and nobody changes them.
 */
export type HeaderFields = Readonly<Record<string, string>>;

/** The header that tells a client the request id, on every answer. */
export const REQUEST_ID_HEADER = "x-request-id";

/** The trailer that tells a client which fields of an answer were left empty, since an upstream failed. */
export const DEGRADED_TRAILER = "portico-degraded";

/**
 * One request stream of HTTP, as a transport gives it to a protocol. Nothing of the body is read before `read()`.
 * All methods may be called in any state; on a stream that is gone they do nothing.
 */
export interface HttpStream {
  /** The pseudo headers are among them: ":method", ":path". */
  readonly headers: Headers;
  /** Told what happens; set before the first event. */
  receiver: HttpReceiver;
  /**
   * Starts delivering the body, or goes on with it. It has to keep coming, unless it is `unhurried`: a stream of
   * messages, which pauses when its sender has nothing to say.
   */
  read(unhurried?: boolean): void;
  /** Stops delivering the body: the client is held back by flow control. A part may still come. */
  pause(): void;
  /** Answers with headers alone; what is left of the request is refused. Ends the stream. */
  respondHeaders(headers: HeaderFields): void;
  /**
   * Answers in one go: headers with the request id, the whole body (behind a `head` of some bytes, where there is one),
   * trailers. Ends the stream.
   */
  respond(
    headers: HeaderFields,
    requestId: string,
    body: Uint8Array,
    trailers: HeaderFields,
    head?: Uint8Array,
  ): void;
  /** Whether so many bytes of an answer may wait for the client; to be asked before they are sent. */
  hasRoom(bytes: number): boolean;
  /** Starts an answer of several parts. */
  startResponse(headers: HeaderFields, requestId: string): void;
  /** Sends a part. False: enough is buffered, and `receiver.onDrain` tells when to go on. */
  write(part: Uint8Array): boolean;
  /** Ends an answer of several parts. */
  endResponse(trailers: HeaderFields): void;
}

export interface HttpReceiver {
  /** A part of the body; the bytes are the receiver's to keep. */
  onData(part: Uint8Array): void;
  /** The body is complete. */
  onEnd(): void;
  onDrain(): void;
  /** The stream is over: answered in full, or not, as when the client has gone. Called once, last. */
  onClose(): void;
}
