import type { Client, Metadata, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { asBuffer, type ChannelCall, notGrpc, replyTooLong, writeFlags } from "./grpc-js-call.js";
import { type Method, type UpstreamContext, UpstreamError } from "./upstream.js";

type Result = IteratorResult<Uint8Array, undefined>;

// Messages that are taken from the transport before somebody asks for them: a failure that comes right behind makes
// grpc-js drop what it still holds.
const MAX_AHEAD = 16;
const MAX_BYTES_AHEAD = 64 * 1024;
const over: Result = { done: true, value: undefined };

/**
 * One streaming RPC on a grpc-js channel, in the channel's own API: it says when to read and when a request has been
 * written, which is what holds back a fast upstream and a fast client. Iterates over the messages; made to be read by
 * one reader, that waits for one message at a time.
 */
export class GrpcJsStream implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #method: Method;
  readonly #context: UpstreamContext;
  readonly #underWay: Set<{ close(): void }>;
  readonly #compressMinBytes: number;
  #call: ChannelCall | undefined;
  #received: Metadata | undefined;
  #requests: AsyncIterator<Uint8Array> | undefined;
  #onWritten: (() => void) | undefined;
  #removeListener: (() => void) | undefined;
  #messages: Uint8Array[] = [];
  #bytes = 0;
  #reading = false;
  #reader: { resolve: (result: Result) => void; reject: (failure: UpstreamError) => void } | undefined;
  #ended = false;
  #failure: UpstreamError | undefined;
  #closed = false;

  /**
   * @param underWay holds the RPC while it lasts.
   * @param compressMinBytes of a channel that compresses: shorter requests go as they are.
   */
  constructor(
    method: Method,
    context: UpstreamContext,
    underWay: Set<{ close(): void }>,
    compressMinBytes: number,
  ) {
    this.#method = method;
    this.#context = context;
    this.#underWay = underWay;
    this.#compressMinBytes = compressMinBytes;
  }

  /** Throws if the RPC cannot even be started. */
  start(client: Client, metadata: Metadata, request: Uint8Array | AsyncIterable<Uint8Array>): void {
    const call = client
      .getChannel()
      .createCall(this.#method.path, this.#context.deadlineMs, null, null, null);
    this.#call = call;
    this.#underWay.add(this);
    call.start(metadata, this);
    this.#read();
    if (request instanceof Uint8Array) {
      call.sendMessageWithContext({ flags: writeFlags(request, this.#compressMinBytes) }, asBuffer(request));
      call.halfClose();
    } else {
      this.#requests = request[Symbol.asyncIterator]();
      void this.#send(call, this.#requests);
    }
    // Added last: it is called at once if the public call has ended already.
    const removeListener = this.#context.onCancel(() => {
      this.#messages = [];
      call.cancelWithStatus(status.CANCELLED, "the public call has ended");
    });
    if (this.#ended) removeListener();
    else this.#removeListener = removeListener;
  }

  /** Fails an RPC that could not be started. */
  fail(thrown: unknown, request: Uint8Array | AsyncIterable<Uint8Array>): void {
    if (!(request instanceof Uint8Array)) this.#requests ??= request[Symbol.asyncIterator]();
    const failure =
      thrown instanceof UpstreamError
        ? thrown
        : new UpstreamError(status.UNAVAILABLE, String(thrown), this.#method, { cause: thrown });
    this.#end(failure);
  }

  /** Ends the RPC with UNAVAILABLE, as the upstream is being closed. */
  close(): void {
    this.#closed = true;
    this.#call?.cancelWithStatus(status.CANCELLED, "the upstream was closed");
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#bytes -= message.byteLength;
      this.#read();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#ended) return Promise.resolve(over);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#read();
    });
  }

  /** Cancels the RPC: what else it says is nobody's. */
  return(): Promise<Result> {
    this.#leave();
    return Promise.resolve(over);
  }

  /** @internal called by grpc-js. */
  onReceiveMetadata(metadata: Metadata): void {
    this.#received = metadata;
  }

  /** @internal called by grpc-js, once for each time that it was asked to read. */
  onReceiveMessage(message: Uint8Array): void {
    this.#reading = false;
    if (this.#ended) return;
    if (message.byteLength > this.#context.maxResponseBytes) {
      this.#leave(replyTooLong(message, this.#method, this.#context));
      return;
    }
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) {
      this.#messages.push(message);
      this.#bytes += message.byteLength;
    }
    this.#read();
    reader?.resolve({ done: false, value: message });
  }

  /** @internal called by grpc-js, once and last. */
  onReceiveStatus({ code, details }: StatusObject): void {
    if (code === status.OK) {
      this.#end(undefined);
      return;
    }
    const actual = this.#closed ? status.UNAVAILABLE : code;
    const foreign = actual === code ? notGrpc(code, this.#received, this.#method) : undefined;
    this.#end(foreign ?? new UpstreamError(actual, details, this.#method));
  }

  #read(): void {
    if (this.#reading || this.#ended || this.#call === undefined) return;
    if (this.#messages.length >= MAX_AHEAD || this.#bytes >= MAX_BYTES_AHEAD) return;
    this.#reading = true;
    this.#call.startRead();
  }

  async #send(call: ChannelCall, requests: AsyncIterator<Uint8Array>): Promise<void> {
    try {
      while (!this.#ended) {
        const request = await requests.next();
        if (this.#ended) return;
        if (request.done) {
          this.#requests = undefined;
          call.halfClose();
          return;
        }
        await new Promise<void>((resolve) => {
          this.#onWritten = resolve;
          const flags = writeFlags(request.value, this.#compressMinBytes);
          call.sendMessageWithContext({ flags, callback: () => resolve() }, asBuffer(request.value));
        });
      }
    } catch (thrown) {
      this.#requests = undefined;
      const failure = new UpstreamError(status.CANCELLED, `its requests failed: ${thrown}`, this.#method, {
        cause: thrown,
      });
      this.#leave(failure);
    }
  }

  #leave(failure?: UpstreamError): void {
    if (this.#ended && failure !== undefined) return;
    this.#messages = [];
    this.#failure = undefined;
    const call = this.#call;
    const wasOver = this.#ended;
    this.#end(failure);
    if (!wasOver) call?.cancelWithStatus(status.CANCELLED, "nobody reads on");
  }

  #end(failure: UpstreamError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#underWay.delete(this);
    this.#removeListener?.();
    this.#removeListener = undefined;
    this.#onWritten?.();
    const requests = this.#requests;
    this.#requests = undefined;
    requests?.return?.().catch(() => {});
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#failure = failure;
    else if (failure === undefined) reader.resolve(over);
    else reader.reject(failure);
  }
}
