import { Code } from "../../grpc/code.js";
import { envelop } from "../../grpc/envelop.js";
import { gzipEnvelope } from "../../grpc/gzip.js";
import type { HeaderMap, Http2Stream } from "../../http2/index.js";
import type { Method, UpstreamContext, UpstreamError } from "../upstream.js";
import { GrpcCall } from "./call.js";
import type { Channel } from "./channel.js";
import type { CompressedRequest } from "./compressed-request.js";

type Result = IteratorResult<Uint8Array, undefined>;

// Messages that are taken from the connection before somebody asks for them.
const MAX_AHEAD = 16;
const MAX_BYTES_AHEAD = 64 * 1024;
const MOST_REMEMBERED_BYTES = 64 * 1024;
const finished: Result = { done: true, value: undefined };

interface Received {
  readonly message: Uint8Array;
  readonly compressed: boolean;
}

/**
 * One streaming RPC, in either direction or both. Its messages are made to be read by one reader, that waits for one at
 * a time; one that does not come back pauses the upstream.
 */
export class StreamCall extends GrpcCall {
  readonly messages: AsyncIterableIterator<Uint8Array, undefined> = {
    next: () => this.#next(),
    return: () => this.#leave(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  readonly #request: Uint8Array | undefined;
  #compressedRequest: CompressedRequest | undefined;
  #requests: AsyncIterator<Uint8Array> | undefined;
  #asking = false;
  #allAsked = false;
  // Requests that were sent, in their envelopes, as long as the call may have to be sent again; undefined when it cannot be.
  #sent: Uint8Array[] | undefined = [];
  #sentBytes = 0;
  #goOn: (() => void) | undefined;
  readonly #received: Received[] = [];
  #bytes = 0;
  #reader: { resolve: (result: Result) => void; reject: (error: UpstreamError) => void } | undefined;
  #error: UpstreamError | undefined;

  constructor(
    channel: Channel,
    method: Method,
    request: Uint8Array | AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ) {
    super(channel, method, context);
    if (request instanceof Uint8Array) this.#request = request;
    else this.#requests = request[Symbol.asyncIterator]();
  }

  get heldBytes(): number {
    return this.#request?.byteLength ?? 0;
  }

  /** Starts the RPC. */
  run(): this {
    if (this.#request === undefined) this.gzips = this.compressMinBytes !== Number.POSITIVE_INFINITY;
    else this.#compressedRequest = this.compress(this.#request);
    this.start();
    return this;
  }

  onMessage(message: Uint8Array, compressed: boolean): void {
    if (this.over) return;
    this.#received.push({ message, compressed });
    this.#bytes += message.byteLength;
    if (this.#reader !== undefined) this.#give();
    if (this.#isAhead) this.stream!.pause();
  }

  onDrain(): void {
    this.#goOn?.();
  }

  override onHeaders(headers: HeaderMap): void {
    this.#sent = undefined;
    super.onHeaders(headers);
  }

  protected sendBody(stream: Http2Stream): void {
    if (this.#request !== undefined) {
      if (this.#compressedRequest !== undefined) this.#compressedRequest.sendOn(stream);
      else stream.write(envelop(this.#request), true);
      return;
    }
    if (this.#sent !== undefined) for (const envelope of this.#sent) stream.write(envelope);
    if (this.#allAsked) stream.end();
    else if (this.#asking) this.#goOn?.();
    else if (this.#requests !== undefined) void this.#askAll(this.#requests);
  }

  protected get isRepeatable(): boolean {
    return this.#sent !== undefined;
  }

  protected succeeded(): void {
    this.#finish(undefined);
  }

  protected failed(error: UpstreamError): void {
    this.#finish(error);
  }

  get #isAhead(): boolean {
    return this.#received.length >= MAX_AHEAD || this.#bytes >= MAX_BYTES_AHEAD;
  }

  #next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#give();
      if (!this.over && !this.#isAhead) this.stream?.read();
    });
  }

  // Gives whoever waits the next message, or the end.
  #give(): void {
    const reader = this.#reader!;
    const next = this.#received.shift();
    if (next === undefined) {
      if (!this.over) return;
      this.#reader = undefined;
      const error = this.#error;
      this.#error = undefined;
      if (error === undefined) reader.resolve(finished);
      else reader.reject(error);
      return;
    }
    this.#reader = undefined;
    this.#bytes -= next.message.byteLength;
    if (!next.compressed) {
      reader.resolve({ done: false, value: next.message });
      return;
    }
    this.decompress(next.message, (error, message) => {
      if (error === undefined) {
        reader.resolve({ done: false, value: message });
        return;
      }
      void this.#leave();
      reader.reject(error);
    });
  }

  // What the upstream still says is nobody's.
  #leave(): Promise<Result> {
    this.#received.length = 0;
    this.fail(Code.CANCELLED, "nobody reads on");
    this.#error = undefined;
    return Promise.resolve(finished);
  }

  #finish(error: UpstreamError | undefined): void {
    this.#error = error;
    this.#goOn?.();
    const requests = this.#requests;
    this.#requests = undefined;
    requests?.return?.().catch(() => {});
    if (this.#reader !== undefined) this.#give();
  }

  async #askAll(requests: AsyncIterator<Uint8Array>): Promise<void> {
    this.#asking = true;
    try {
      while (!this.over) {
        const { done, value } = await requests.next();
        if (this.over) return;
        if (done === true) {
          this.#requests = undefined;
          this.#allAsked = true;
          this.stream?.end();
          return;
        }
        const made = this.#envelopeOf(value);
        const envelope = made instanceof Uint8Array ? made : await made;
        if (this.over) return;
        this.#remember(envelope);
        if (this.stream?.write(envelope) === true) continue;
        // Until there is room; or, if the call is to be sent again, until that has been done.
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
      }
    } catch (thrown) {
      this.#requests = undefined;
      this.fail(Code.CANCELLED, `its requests failed: ${thrown}`, thrown);
    }
  }

  #envelopeOf(request: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (request.byteLength < this.compressMinBytes) return envelop(request);
    return new Promise((resolve) => {
      if (!gzipEnvelope(request, resolve)) resolve(envelop(request));
    });
  }

  #remember(envelope: Uint8Array): void {
    if (this.#sent === undefined) return;
    this.#sentBytes += envelope.byteLength;
    if (this.#sentBytes > MOST_REMEMBERED_BYTES) this.#sent = undefined;
    else this.#sent.push(envelope);
  }
}
