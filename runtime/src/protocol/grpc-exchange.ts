import { Code, PorticoError, toPorticoError } from "../call/error.js";
import { encodeGrpcMessage } from "../grpc/grpc-message.js";
import { ACCEPTED_ENCODINGS, decompress, isAcceptedEncoding } from "./compression.js";
import { ENVELOPE_HEAD_BYTES, EnvelopeReader, envelop } from "./envelope.js";
import type { Exchange, ExchangeReceiver } from "./exchange.js";
import {
  DEGRADED_TRAILER,
  type HeaderFields,
  type HttpReceiver,
  type HttpStream,
  REQUEST_ID_HEADER,
} from "./http-stream.js";
import { type MessageReceiver, MessageStream } from "./message-stream.js";

/** Whether a content type is that of gRPC with protobuf messages. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  // The two that clients send come first; parameters are allowed and mean nothing here.
  if (contentType === "application/grpc" || contentType === "application/grpc+proto") return true;
  return contentType !== undefined && /^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(contentType);
}

const responseHeaders: HeaderFields = Object.freeze({
  ":status": "200",
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": ACCEPTED_ENCODINGS,
});
const okTrailers: HeaderFields = Object.freeze({ "grpc-status": "0" });

function trailersOf(degraded: string | undefined): HeaderFields {
  return degraded === undefined ? okTrailers : { ...okTrailers, [DEGRADED_TRAILER]: degraded };
}

/**
 * A request and its answer in the gRPC protocol over HTTP/2.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcExchange implements Exchange, HttpReceiver, MessageReceiver {
  receiver: ExchangeReceiver | undefined;

  readonly #stream: HttpStream;
  readonly #requestId: string;
  #reader: EnvelopeReader | undefined;
  #messages: MessageStream | undefined;
  #maxBytes = 0;
  #started = false;
  #ended = false;

  constructor(stream: HttpStream, requestId: string) {
    this.#stream = stream;
    this.#requestId = requestId;
    stream.receiver = this;
  }

  read(maxBytes: number): void {
    if (this.#ended || this.#refusesEncoding()) return;
    this.#maxBytes = maxBytes;
    this.#reader = new EnvelopeReader(maxBytes);
    this.#stream.read();
  }

  readStream(maxBytes: number): void {
    if (this.#ended || this.#refusesEncoding()) return;
    this.#messages = new MessageStream(this.#stream, maxBytes, this);
  }

  pull(): void {
    this.#messages?.pull();
  }

  /** @internal of a stream of requests. */
  onMessage(message: Uint8Array): void {
    if (!this.#ended) this.receiver?.onRequest(message);
  }

  /** @internal of a stream of requests. */
  onMessagesEnd(): void {
    if (!this.#ended) this.receiver?.onRequestEnd();
  }

  /** @internal of a stream of requests. */
  onBadMessage(thrown: unknown): void {
    if (!this.#ended) this.#bad(thrown);
  }

  hasRoom(bytes: number): boolean {
    return this.#ended || this.#stream.hasRoom(bytes + ENVELOPE_HEAD_BYTES);
  }

  sendReply(message: Uint8Array, degraded?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.respond(responseHeaders, this.#requestId, envelop(message), trailersOf(degraded));
  }

  sendMessage(message: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#start();
    return this.#stream.write(envelop(message));
  }

  sendEnd(degraded?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#start();
    this.#stream.endResponse(trailersOf(degraded));
  }

  sendError(error: PorticoError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader = undefined;
    this.#messages = undefined;
    const status = {
      "grpc-status": String(error.code),
      "grpc-message": encodeGrpcMessage(error.message),
      [REQUEST_ID_HEADER]: this.#requestId,
    };
    if (this.#started) this.#stream.endResponse(status);
    else this.#stream.respondHeaders({ ...responseHeaders, ...status });
  }

  onData(part: Uint8Array): void {
    this.#messages?.onData(part);
    if (this.#reader === undefined) return;
    try {
      this.#reader.push(part);
    } catch (thrown) {
      this.#bad(thrown);
    }
  }

  onEnd(): void {
    this.#messages?.onEnd();
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    try {
      decompress(reader.finish(), this.#stream.headers, this.#maxBytes, (error, message) => {
        if (this.#ended) return;
        if (error === undefined) this.receiver?.onRequest(message);
        else this.receiver?.onBadRequest(error);
      });
    } catch (thrown) {
      this.#bad(thrown);
    }
  }

  onDrain(): void {
    this.receiver?.onDrain();
  }

  onClose(): void {
    this.#reader = undefined;
    this.#messages = undefined;
    if (this.#ended) return;
    this.#ended = true;
    this.receiver?.onGone();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#stream.startResponse(responseHeaders, this.#requestId);
  }

  #refusesEncoding(): boolean {
    if (isAcceptedEncoding(this.#stream.headers["grpc-encoding"])) return false;
    const text = "the request's grpc-encoding is not supported";
    this.receiver?.onBadRequest(new PorticoError(Code.UNIMPLEMENTED, text));
    return true;
  }

  #bad(thrown: unknown): void {
    this.#reader = undefined;
    this.#messages = undefined;
    this.receiver?.onBadRequest(toPorticoError(thrown));
  }
}
