import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Headers } from "../auth/authenticator.js";
import {
  type HeaderFields,
  type HttpReceiver,
  type HttpStream,
  REQUEST_ID_HEADER,
} from "../protocol/http-stream.js";
import type { Timed } from "../time/timer-wheel.js";
import type { NodeSession } from "./node-session.js";

// Listeners are functions of the module, and find their stream here: a closure for each would be five a request.
const owner = Symbol("portico stream");
type OwnedStream = ServerHttp2Stream & { [owner]: NodeStream };

// How long a client may take to fetch an answer that is complete: Node does not say how far it has got.
const FETCH_TIMEOUT_MS = 30_000;
// How long a client that has its answer may go on with its request, before it is told to stop. Node.js writes the reset
// by itself, after the answer: over TLS the two come apart, and Go's client drops an answer on which a reset follows at
// once. Most clients stop by themselves when they have the answer.
const REFUSAL_DELAY_MS = 100;
// `sendDate` is an option of Node's that its types leave out; the header would be noise to a gRPC client.
const withTrailers = { waitForTrailers: true, sendDate: false };
const headersAlone = { endStream: true, sendDate: false };

/** A request stream of node:http2, through its core API; the compatibility API costs twice as much a request. */
export class NodeStream implements HttpStream, Timed {
  readonly headers: Headers;
  receiver: HttpReceiver = nobody;

  // The links of the TimerWheel.
  dueTick = 0;
  next: Timed | undefined;
  previous: Timed | undefined;

  readonly #stream: ServerHttp2Stream;
  readonly #session: NodeSession;
  #trailers: HeaderFields | undefined;
  #unread = 0;
  #reading = false;
  /** All of the request has been delivered. */
  #received = false;
  #answered = false;
  /** All of the answer was handed to the connection. */
  #sent = false;
  /** It was us who ended the stream early. */
  #dropped = false;
  /** The answer is complete, and what is left of the request is about to be refused. */
  #refusing = false;

  constructor(stream: ServerHttp2Stream, headers: Headers, session: NodeSession) {
    this.#stream = stream;
    this.headers = headers;
    this.#session = session;
    session.streamOpened();
    (stream as OwnedStream)[owner] = this;
    stream.on("error", ignore);
    stream.on("close", onClose);
  }

  read(): void {
    if (this.#reading) {
      this.#stream.resume();
      return;
    }
    this.#reading = true;
    this.#stream.on("data", onData);
    this.#stream.on("end", onEnd);
  }

  pause(): void {
    this.#stream.pause();
  }

  respondHeaders(headers: HeaderFields): void {
    const stream = this.#stream;
    if (this.#gone()) return;
    this.#answered = true;
    this.#sent = true;
    stream.respond(headers as OutgoingHttpHeaders, headersAlone);
    this.#refuseRest();
  }

  respond(
    headers: HeaderFields,
    requestId: string,
    body: Uint8Array,
    trailers: HeaderFields,
    head?: Uint8Array,
  ): void {
    if (this.#gone()) return;
    this.startResponse(headers, requestId);
    this.#count(body.byteLength + (head?.byteLength ?? 0));
    this.#trailers = trailers;
    this.#answer();
    if (head !== undefined) this.#stream.write(head);
    this.#stream.end(body);
  }

  startResponse(headers: HeaderFields, requestId: string): void {
    if (this.#gone()) return;
    this.#stream.on("wantTrailers", onWantTrailers);
    this.#stream.respond({ ...headers, [REQUEST_ID_HEADER]: requestId }, withTrailers);
  }

  write(part: Uint8Array): boolean {
    if (this.#gone()) return true;
    const goOn = this.#stream.write(part);
    this.#count(this.#stream.writableLength);
    if (goOn) return true;
    this.#stream.once("drain", onDrain);
    return false;
  }

  hasRoom(bytes: number): boolean {
    return this.#gone() || this.#session.hasRoom(bytes);
  }

  endResponse(trailers: HeaderFields): void {
    if (this.#gone()) return;
    this.#trailers = trailers;
    this.#answer();
    this.#stream.end();
  }

  /** The client does not fetch its answer: it is dropped. Or it goes on with a request that is answered. */
  onTime(): void {
    if (this.#refusing) {
      if (!this.#gone()) this.#stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    this.#dropped = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** @internal for the listeners of this module. */
  sendTrailers(): void {
    if (this.#gone()) return;
    this.#sent = true;
    const stream = this.#stream;
    stream.sendTrailers((this.#trailers ?? {}) as OutgoingHttpHeaders);
    if (!this.#received) this.#refuseRest();
  }

  /** @internal for the listeners of this module. */
  drained(): void {
    this.#count(this.#stream.writableLength);
    this.receiver.onDrain();
  }

  /** @internal for the listeners of this module. */
  ended(): void {
    this.#received = true;
    this.receiver.onEnd();
  }

  /** @internal for the listeners of this module. */
  closed(): void {
    this.#session.wheel.remove(this);
    this.#session.streamClosed();
    this.#count(0);
    if (this.#wasted()) this.#session.countReset();
    this.receiver.onClose();
  }

  // An answer that the client resets while it is on its way has cost as much as one that it takes.
  #wasted(): boolean {
    if (!this.#answered) return true;
    return !this.#dropped && (!this.#sent || this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR);
  }

  // What is left of the request is let through to nobody, so that the stream can close. If more comes of it, the client
  // is told to stop: https://www.rfc-editor.org/rfc/rfc9113#section-8.1-6
  #refuseRest(): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    stream.removeListener("data", onData);
    stream.resume();
    if (stream.state.remoteClose === 1) return;
    this.#refusing = true;
    this.#session.wheel.add(this, REFUSAL_DELAY_MS);
  }

  #answer(): void {
    this.#answered = true;
    this.#session.wheel.add(this, FETCH_TIMEOUT_MS);
  }

  // So many bytes of the answer wait now.
  #count(unread: number): void {
    this.#session.count(unread - this.#unread);
    this.#unread = unread;
  }

  #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
}

const nobody: HttpReceiver = { onData: ignore, onEnd: ignore, onDrain: ignore, onClose: ignore };

function onData(this: ServerHttp2Stream, part: Uint8Array): void {
  (this as OwnedStream)[owner].receiver.onData(part);
}

function onEnd(this: ServerHttp2Stream): void {
  (this as OwnedStream)[owner].ended();
}

function onDrain(this: ServerHttp2Stream): void {
  (this as OwnedStream)[owner].drained();
}

function onWantTrailers(this: ServerHttp2Stream): void {
  (this as OwnedStream)[owner].sendTrailers();
}

function onClose(this: ServerHttp2Stream): void {
  (this as OwnedStream)[owner].closed();
}

// Errors of a stream are its end, which "close" tells as well.
function ignore(): void {}
