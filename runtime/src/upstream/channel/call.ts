import { Code } from "../../grpc/code.js";
import { decodeGrpcMessage } from "../../grpc/grpc-message.js";
import { formatGrpcTimeout } from "../../grpc/grpc-timeout.js";
import { BadGzip, gunzipBounded } from "../../grpc/gunzip.js";
import { BadMessages, MessageReader, type MessageSink } from "../../grpc/message-reader.js";
import { codeOfHttpStatus, codeOfReset, parseGrpcStatus } from "../../grpc/status.js";
import {
  ErrorCode,
  type ExtraHeaders,
  type HeaderMap,
  type Http2Stream,
  type StreamReceiver,
} from "../../http2/index.js";
import type { Timed } from "../../time/timer-wheel.js";
import { type Method, type UpstreamContext, UpstreamError } from "../upstream.js";
import type { Channel } from "./channel.js";
import { CompressedRequest } from "./compressed-request.js";
import type { Connection } from "./connection.js";
import type { PendingCall } from "./waiting-calls.js";

// A stream that the peer has refused is sent again: so many times, if it is the peer's own choice each time.
const MOST_REFUSALS = 5;
const LONGEST_TEXT = 2_000;
const gzipEncoding = ["grpc-encoding", "gzip"] as const;

/**
 * One RPC on a channel: finds a connection, sends the head of the request, checks what comes back, and ends once,
 * whatever happens: by the upstream's status, its deadline, its context, or the loss of its connection. What no server
 * can have seen is sent again.
 *
 * What the kinds of RPC send and receive is theirs: see UnaryCall and StreamCall.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export abstract class GrpcCall implements StreamReceiver, Timed, PendingCall, MessageSink {
  // The links of the TimerWheel.
  dueTick = 0;
  next: Timed | undefined;
  previous: Timed | undefined;

  protected readonly method: Method;
  protected readonly maxBytes: number;
  /** Requests may be compressed, and the head says so. */
  protected gzips = false;
  protected stream: Http2Stream | undefined;
  /** The upstream's status is there, or the call has failed: nothing more is wanted of the connection. */
  protected over = false;

  readonly #channel: Channel;
  readonly #context: UpstreamContext;
  readonly #startedMs = Date.now();
  readonly #reader = new MessageReader();
  #connection: Connection | undefined;
  #headers: HeaderMap | undefined;
  #hasBody = false;
  #removeListener: (() => void) | undefined;
  #refusals = 0;

  constructor(channel: Channel, method: Method, context: UpstreamContext) {
    this.#channel = channel;
    this.#context = context;
    this.method = method;
    this.maxBytes = Math.min(context.maxResponseBytes, channel.settings.maxMessageBytes);
  }

  abstract get heldBytes(): number;

  protected get compressMinBytes(): number {
    return this.#channel.settings.compressMinBytes;
  }

  /** Starts to compress the one request, if it is one of those. */
  protected compress(request: Uint8Array): CompressedRequest | undefined {
    if (request.byteLength < this.compressMinBytes) return undefined;
    this.gzips = true;
    const compressed = CompressedRequest.of(request, () => {
      if (!this.over) compressed!.sendOn(this.stream);
    });
    return compressed;
  }

  /** Sends the body of the request, or begins to. Called again if the call is sent again. */
  protected abstract sendBody(stream: Http2Stream): void;
  /** Whether what was sent can be sent again. */
  protected abstract get isRepeatable(): boolean;
  /** The upstream says OK. */
  protected abstract succeeded(): void;
  /** The call has failed. */
  protected abstract failed(error: UpstreamError): void;

  /** A message of the response. */
  abstract onMessage(message: Uint8Array, compressed: boolean): void;

  abstract onDrain(): void;

  protected start(): void {
    const leftMs = this.#context.deadlineMs - this.#startedMs;
    if (!(leftMs > 0)) {
      this.fail(Code.DEADLINE_EXCEEDED, "the deadline is over before the call");
      return;
    }
    // First, since it is called at once if the public call has ended already.
    const removeListener = this.#context.onCancel(() => {
      this.fail(Code.CANCELLED, "the public call has ended");
    });
    if (this.over) {
      removeListener();
      return;
    }
    this.#removeListener = removeListener;
    this.#channel.settings.wheel.add(this, leftMs);
    this.#channel.place(this);
  }

  send(connection: Connection): void {
    const stream = connection.request(this.#channel.headersOf(this.method), this.#extraHeaders);
    if (stream === undefined) {
      this.fail(Code.INTERNAL, "a connection does not take the call that it said it would");
      return;
    }
    this.#connection = connection;
    this.stream = stream;
    stream.receiver = this;
    stream.read();
    this.sendBody(stream);
  }

  /** Ends the call; the upstream is told, if it may know of it. */
  fail(code: Code, text: string, cause?: unknown): void {
    if (this.over) return;
    this.#end();
    const options = cause === undefined ? undefined : { cause };
    this.failed(new UpstreamError(code, text.slice(0, LONGEST_TEXT), this.method, options));
  }

  onTime(): void {
    this.#connection?.suspect(Date.now() - this.#startedMs);
    this.fail(Code.DEADLINE_EXCEEDED, "the deadline is over");
  }

  onHeaders(headers: HeaderMap): void {
    if (this.over) return;
    this.#connection!.answered = true;
    this.#headers = headers;
    // Whoever gives a status in gRPC's way is believed, whatever else is odd.
    if (headers["grpc-status"] !== undefined) return;
    const status = headers[":status"];
    if (status !== "200") {
      this.fail(codeOfHttpStatus(Number(status)), `the answer is not gRPC but HTTP ${status}`);
      return;
    }
    const type = headers["content-type"];
    if (type === "application/grpc" || type === "application/grpc+proto") return;
    const text = `the answer is not gRPC but ${JSON.stringify(type ?? "")}`;
    if (type === undefined || !/^application\/grpc(?![^+;\s])/i.test(type)) {
      this.fail(codeOfHttpStatus(200), text);
    } else if (!/^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(type)) {
      this.fail(Code.INTERNAL, `${text}, and not protobuf`);
    }
  }

  onData(part: Uint8Array): void {
    if (this.over) return;
    this.#hasBody = true;
    const problem = this.#reader.read(part, this.maxBytes, this);
    if (problem === BadMessages.TOO_LONG) this.tooLong(this.#reader.refusedBytes);
    else if (problem !== undefined) this.fail(Code.INTERNAL, `a message has ${problem}`);
  }

  onEnd(): void {
    if (this.over) return;
    // The headers are the trailers of an answer that has nothing else.
    const fields = this.stream!.trailers ?? (this.#hasBody ? undefined : this.#headers);
    const status = fields?.["grpc-status"];
    if (fields === undefined || status === undefined) {
      this.fail(Code.UNKNOWN, "the answer has no grpc-status");
      return;
    }
    const code = parseGrpcStatus(status);
    if (code !== Code.OK) {
      this.fail(code, decodeGrpcMessage(fields["grpc-message"] ?? ""));
    } else if (this.#reader.isInMessage) {
      this.fail(Code.INTERNAL, "the answer ends within a message");
    } else {
      this.#end();
      this.succeeded();
    }
  }

  onClose(code: number): void {
    this.#channel.freed();
    if (this.over) return;
    const connection = this.#connection!;
    const stream = this.stream!;
    const unseen = connection.isClosed && !connection.mayHaveSent(stream.id);
    const refused = code === ErrorCode.REFUSED_STREAM && this.#headers === undefined;
    if (unseen && this.isRepeatable) this.#again();
    else if (refused && this.isRepeatable) {
      // What a peer that goes away has not taken on is no choice of its own.
      if (!connection.isLeaving && ++this.#refusals >= MOST_REFUSALS) {
        this.fail(Code.UNAVAILABLE, "the upstream refuses the call");
      } else this.#again();
    } else if (connection.isClosed) {
      this.fail(Code.UNAVAILABLE, `the connection was lost: ${connection.lossText}`);
    } else if (code === ErrorCode.CANCEL && Date.now() >= this.#context.deadlineMs) {
      // Its clock is ahead of ours.
      this.fail(Code.DEADLINE_EXCEEDED, "the upstream says that the deadline is over");
    } else {
      this.fail(codeOfReset(code), `the stream was reset with code ${code}`);
    }
  }

  /** A message is over the limit. */
  protected tooLong(bytes?: number): void {
    const length = bytes === undefined ? "" : ` of ${bytes} bytes`;
    this.fail(Code.RESOURCE_EXHAUSTED, `reply${length}, accepted are ${this.maxBytes}`);
  }

  /** Decompresses a message; `done` gets what is wrong with it, or the message. */
  protected decompress(
    message: Uint8Array,
    done: (error: UpstreamError | undefined, message: Uint8Array) => void,
  ): void {
    const encoding = this.#headers?.["grpc-encoding"];
    if (encoding !== "gzip") {
      // https://github.com/grpc/grpc/blob/master/doc/compression.md
      const how = encoding === undefined ? "without a grpc-encoding" : `with ${JSON.stringify(encoding)}`;
      done(new UpstreamError(Code.INTERNAL, `a message is compressed ${how}`, this.method), message);
      return;
    }
    gunzipBounded(message, this.maxBytes, (problem, output, cause) => {
      if (problem === undefined) done(undefined, output);
      else if (problem === BadGzip.TOO_LONG) {
        const text = `reply, decompressed, of more than the ${this.maxBytes} bytes accepted`;
        done(new UpstreamError(Code.RESOURCE_EXHAUSTED, text, this.method), output);
      } else {
        const text = "a message cannot be decompressed";
        done(new UpstreamError(Code.INTERNAL, text, this.method, { cause }), output);
      }
    });
  }

  get #extraHeaders(): ExtraHeaders {
    const { deadlineMs } = this.#context;
    const metadata = this.gzips ? [gzipEncoding, ...this.#context.metadata] : this.#context.metadata;
    if (deadlineMs === Number.POSITIVE_INFINITY) return metadata;
    // Never 0: a deadline that is over ends the call before the next tick of the wheel.
    const leftMs = Math.max(1, deadlineMs - Date.now());
    return [["grpc-timeout", formatGrpcTimeout(leftMs)] as const, ...metadata];
  }

  #again(): void {
    this.stream = undefined;
    this.#connection = undefined;
    if (this.#channel.isClosed) this.fail(Code.UNAVAILABLE, "the upstream was closed");
    else this.#channel.place(this);
  }

  // Lets go of all that the call holds.
  #end(): void {
    this.over = true;
    this.#removeListener?.();
    this.#channel.settings.wheel.remove(this);
    const { stream } = this;
    if (stream === undefined) this.#channel.forget(this);
    // Complete on its side, perhaps, but not on ours; or not wanted any more.
    else if (!stream.closed) stream.reset(ErrorCode.CANCEL);
  }
}
