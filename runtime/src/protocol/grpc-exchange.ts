import { Code, PorticoError, toPorticoError } from "../call/error.js";
import { envelopeHead } from "../grpc/envelop.js";
import { encodeGrpcMessage } from "../grpc/grpc-message.js";
import { acceptsGzip, gzipEnvelope } from "../grpc/gzip.js";
import type { TimerWheel } from "../time/timer-wheel.js";
import { BodyPace } from "./body-pace.js";
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
const gzipHeaders: HeaderFields = Object.freeze({ ...responseHeaders, "grpc-encoding": "gzip" });
const okTrailers: HeaderFields = Object.freeze({ "grpc-status": "0" });

function trailersOf(degraded: string | undefined): HeaderFields {
  return degraded === undefined ? okTrailers : { ...okTrailers, [DEGRADED_TRAILER]: degraded };
}

/** What all exchanges of a gateway share. */
export interface ExchangeSettings {
  /** Messages of so many bytes are compressed, for clients that accept it. */
  readonly compressMinBytes: number;
  /** Where bodies that come slowly wait for their end. */
  readonly wheel: TimerWheel;
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
  // A message of the answer is being compressed; what comes after it waits.
  #compressing = false;
  // Of a stream of messages: whether its head announces compressed ones.
  #announced = false;
  readonly #settings: ExchangeSettings;
  // Of a body that does not come in one go.
  #pace: BodyPace | undefined;

  constructor(stream: HttpStream, requestId: string, settings: ExchangeSettings) {
    this.#stream = stream;
    this.#requestId = requestId;
    this.#settings = settings;
    stream.receiver = this;
  }

  read(maxBytes: number): void {
    if (this.#ended || this.#refusesEncoding()) return;
    this.#maxBytes = maxBytes;
    this.#reader = new EnvelopeReader(maxBytes);
    this.#stream.read();
    // Nearly always it has come whole by now.
    if (this.#reader !== undefined) this.#newPace().start();
  }

  readStream(maxBytes: number): void {
    if (this.#ended || this.#refusesEncoding()) return;
    this.#messages = new MessageStream(this.#stream, maxBytes, this, this.#newPace());
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
    if (this.#compresses(message)) {
      const started = gzipEnvelope(message, (envelope) => {
        this.#stream.respond(gzipHeaders, this.#requestId, envelope, trailersOf(degraded));
      });
      if (started) return;
    }
    // Not in an envelope of its own: a long message is copied often enough on its way.
    const head = envelopeHead(message.byteLength);
    this.#stream.respond(responseHeaders, this.#requestId, message, trailersOf(degraded), head);
  }

  sendMessage(message: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#start();
    if (this.#announced && this.#compresses(message)) {
      this.#compressing = gzipEnvelope(message, (envelope) => {
        this.#compressing = false;
        if (!this.#ended && this.#stream.write(envelope)) this.receiver?.onDrain();
      });
      if (this.#compressing) return false;
    }
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
    this.#readNoMore();
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
    this.#pace?.count(part.byteLength);
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
    this.#readNoMore();
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
    if (!this.#compressing) this.receiver?.onDrain();
  }

  onClose(): void {
    this.#readNoMore();
    if (this.#ended) return;
    this.#ended = true;
    this.receiver?.onGone();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#announced = this.#settings.compressMinBytes !== Number.POSITIVE_INFINITY && this.#acceptsGzip;
    this.#stream.startResponse(this.#announced ? gzipHeaders : responseHeaders, this.#requestId);
  }

  #compresses(message: Uint8Array): boolean {
    return message.byteLength >= this.#settings.compressMinBytes && (this.#announced || this.#acceptsGzip);
  }

  get #acceptsGzip(): boolean {
    return acceptsGzip(this.#stream.headers["grpc-accept-encoding"]);
  }

  #refusesEncoding(): boolean {
    if (isAcceptedEncoding(this.#stream.headers["grpc-encoding"])) return false;
    const text = "the request's grpc-encoding is not supported";
    this.receiver?.onBadRequest(new PorticoError(Code.UNIMPLEMENTED, text));
    return true;
  }

  #newPace(): BodyPace {
    this.#pace = new BodyPace(this.#settings.wheel, () => {
      if (!this.#ended) this.#bad(new PorticoError(Code.DEADLINE_EXCEEDED, "the request comes too slowly"));
    });
    return this.#pace;
  }

  #readNoMore(): void {
    this.#reader = undefined;
    this.#messages = undefined;
    this.#pace?.stop();
  }

  #bad(thrown: unknown): void {
    this.#readNoMore();
    this.receiver?.onBadRequest(toPorticoError(thrown));
  }
}
