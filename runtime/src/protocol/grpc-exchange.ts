import { Code, PorticoError, toPorticoError } from "../call/error.js";
import { encodeGrpcMessage } from "../grpc/grpc-message.js";
import { ACCEPTED_ENCODINGS, gunzipBounded, isAcceptedEncoding } from "./compression.js";
import { EnvelopeReader, envelop } from "./envelope.js";
import type { Exchange, ExchangeReceiver } from "./exchange.js";
import { type HeaderFields, type HttpReceiver, type HttpStream, REQUEST_ID_HEADER } from "./http-stream.js";

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

/**
 * A request and its answer in the gRPC protocol over HTTP/2.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcExchange implements Exchange, HttpReceiver {
  receiver: ExchangeReceiver | undefined;

  readonly #stream: HttpStream;
  readonly #requestId: string;
  #reader: EnvelopeReader | undefined;
  #maxBytes = 0;
  #started = false;
  #ended = false;

  constructor(stream: HttpStream, requestId: string) {
    this.#stream = stream;
    this.#requestId = requestId;
    stream.receiver = this;
  }

  read(maxBytes: number): void {
    if (this.#ended) return;
    if (!isAcceptedEncoding(this.#stream.headers["grpc-encoding"])) {
      this.receiver?.onBadRequest(
        new PorticoError(Code.UNIMPLEMENTED, "the request's grpc-encoding is not supported"),
      );
      return;
    }
    this.#maxBytes = maxBytes;
    this.#reader = new EnvelopeReader(maxBytes);
    this.#stream.read();
  }

  sendReply(message: Uint8Array): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.respond(responseHeaders, this.#requestId, envelop(message), okTrailers);
  }

  sendMessage(message: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#start();
    return this.#stream.write(envelop(message));
  }

  sendEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#start();
    this.#stream.endResponse(okTrailers);
  }

  sendError(error: PorticoError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader = undefined;
    const status = {
      "grpc-status": String(error.code),
      "grpc-message": encodeGrpcMessage(error.message),
      [REQUEST_ID_HEADER]: this.#requestId,
    };
    if (this.#started) this.#stream.endResponse(status);
    else this.#stream.respondHeaders({ ...responseHeaders, ...status });
  }

  onData(part: Uint8Array): void {
    if (this.#reader === undefined) return;
    try {
      this.#reader.push(part);
    } catch (thrown) {
      this.#bad(thrown);
    }
  }

  onEnd(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    try {
      const { compressed, message } = reader.finish();
      if (!compressed) {
        this.receiver?.onRequest(message);
        return;
      }
      // https://github.com/grpc/grpc/blob/master/doc/compression.md: a flag without an encoding is INTERNAL.
      if (this.#stream.headers["grpc-encoding"] !== "gzip") {
        throw new PorticoError(Code.INTERNAL, "a message is marked as compressed, without a grpc-encoding");
      }
      gunzipBounded(message, this.#maxBytes, (error, decompressed) => {
        if (this.#ended) return;
        if (error === undefined) this.receiver?.onRequest(decompressed);
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
    if (this.#ended) return;
    this.#ended = true;
    this.receiver?.onGone();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#stream.startResponse(responseHeaders, this.#requestId);
  }

  #bad(thrown: unknown): void {
    this.#reader = undefined;
    this.receiver?.onBadRequest(toPorticoError(thrown));
  }
}
