import type { Headers } from "../auth/authenticator.js";
import { HeaderBlock, type Http2Stream, type OutgoingHeaders } from "../http2/index.js";
import {
  type HeaderFields,
  type HttpReceiver,
  type HttpStream,
  REQUEST_ID_HEADER,
} from "../protocol/http-stream.js";

const noHeaders: Headers = {};
const ignore = (): void => {};
const nobody: HttpReceiver = { onData: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };
// Headers that are frozen stay as they are: they are encoded once, and found again by identity.
const blocks = new WeakMap<HeaderFields, HeaderBlock>();

/** A request stream of our own HTTP/2. */
export class OwnStream implements HttpStream {
  readonly headers: Headers;

  readonly #stream: Http2Stream;
  #receiver: HttpReceiver = nobody;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    this.headers = stream.message?.headers ?? noHeaders;
  }

  get receiver(): HttpReceiver {
    return this.#receiver;
  }

  set receiver(receiver: HttpReceiver) {
    this.#receiver = receiver;
    this.#stream.receiver = receiver;
  }

  read(unhurried = false): void {
    this.#stream.unhurried = unhurried;
    this.#stream.read();
  }

  pause(): void {
    this.#stream.pause();
  }

  respondHeaders(headers: HeaderFields): void {
    this.#stream.respond(outgoing(headers), undefined, true);
  }

  respond(
    headers: HeaderFields,
    requestId: string,
    body: Uint8Array,
    trailers: HeaderFields,
    head?: Uint8Array,
  ): void {
    const stream = this.#stream;
    stream.respond(outgoing(headers), [[REQUEST_ID_HEADER, requestId]], false);
    stream.write(body, false, head);
    stream.end(outgoing(trailers));
  }

  hasRoom(bytes: number): boolean {
    return this.#stream.hasRoom(bytes);
  }

  startResponse(headers: HeaderFields, requestId: string): void {
    this.#stream.respond(outgoing(headers), [[REQUEST_ID_HEADER, requestId]], false);
  }

  write(part: Uint8Array): boolean {
    return this.#stream.write(part);
  }

  endResponse(trailers: HeaderFields): void {
    this.#stream.end(outgoing(trailers));
  }
}

function outgoing(headers: HeaderFields): OutgoingHeaders {
  const known = blocks.get(headers);
  if (known !== undefined) return known;
  if (!Object.isFrozen(headers)) return headers;
  const block = new HeaderBlock(headers);
  blocks.set(headers, block);
  return block;
}
