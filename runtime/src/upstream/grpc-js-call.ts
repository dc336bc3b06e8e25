import type { Client, Metadata, StatusObject } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { cardinalityCode } from "./single-reply.js";
import { type Method, type UpstreamContext, UpstreamError } from "./upstream.js";

export type ChannelCall = ReturnType<ReturnType<Client["getChannel"]>["createCall"]>;

/**
 * One unary call on a grpc-js channel. It uses the channel's own API, one level below `makeUnaryRequest`, which for
 * each call captures a stack trace and builds an emitter and three layers of interceptors: a sixth of a call's CPU.
 */
export class GrpcJsCall {
  readonly #method: Method;
  readonly #context: UpstreamContext;
  readonly #underWay: Set<{ close(): void }>;
  readonly #compressMinBytes: number;
  #call: ChannelCall | undefined;
  #received: Metadata | undefined;
  #reply: Uint8Array | undefined;
  #resolve!: (reply: Uint8Array) => void;
  #reject!: (failure: UpstreamError) => void;
  #removeListener: (() => void) | undefined;
  #closed = false;

  /**
   * @param underWay holds the call while it lasts.
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

  run(client: Client, request: Buffer, metadata: Metadata): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      try {
        const call = client
          .getChannel()
          .createCall(this.#method.path, this.#context.deadlineMs, null, null, null);
        this.#call = call;
        this.#underWay.add(this);
        call.start(metadata, this);
        call.startRead();
        call.sendMessageWithContext({ flags: writeFlags(request, this.#compressMinBytes) }, request);
        call.halfClose();
        // Added last: it is called at once if the public call has ended already.
        const removeListener = this.#context.onCancel(() => {
          call.cancelWithStatus(status.CANCELLED, "the public call has ended");
        });
        if (this.#underWay.has(this)) this.#removeListener = removeListener;
        else removeListener();
      } catch (thrown) {
        this.#end();
        reject(new UpstreamError(status.UNAVAILABLE, String(thrown), this.#method, { cause: thrown }));
      }
    });
  }

  /** Ends the call with UNAVAILABLE, as the upstream is being closed. */
  close(): void {
    this.#closed = true;
    this.#call?.cancelWithStatus(status.CANCELLED, "the upstream was closed");
  }

  /** @internal called by grpc-js. */
  onReceiveMetadata(metadata: Metadata): void {
    this.#received = metadata;
  }

  /** @internal called by grpc-js. */
  onReceiveMessage(message: Uint8Array): void {
    if (this.#reply !== undefined) {
      this.#call?.cancelWithStatus(cardinalityCode, "more than one reply to a unary call");
      return;
    }
    this.#reply = message;
    // Not for another message: one that nobody reads would keep the status from coming.
    this.#call?.startRead();
  }

  /** @internal called by grpc-js, once and last. */
  onReceiveStatus({ code, details }: StatusObject): void {
    this.#end();
    const reply = this.#reply;
    if (code !== status.OK) {
      const actual = this.#closed ? status.UNAVAILABLE : code;
      const foreign = actual === code ? notGrpc(code, this.#received, this.#method) : undefined;
      this.#reject(foreign ?? new UpstreamError(actual, details, this.#method));
    } else if (reply === undefined) {
      this.#reject(new UpstreamError(cardinalityCode, "no reply", this.#method));
    } else if (reply.byteLength > this.#context.maxResponseBytes) {
      this.#reject(replyTooLong(reply, this.#method, this.#context));
    } else {
      this.#resolve(reply);
    }
  }

  #end(): void {
    this.#underWay.delete(this);
    this.#removeListener?.();
    this.#removeListener = undefined;
  }
}

/** grpc-js frames a message with Buffer's own methods; a view costs nothing, where a Uint8Array would fail. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// Of grpc-js's WriteFlags, which it does not export.
const NO_COMPRESS = 2;

/** How grpc-js is to send a request. */
export function writeFlags(request: Uint8Array, compressMinBytes: number): number {
  return request.byteLength < compressMinBytes ? NO_COMPRESS : 0;
}

/** RESOURCE_EXHAUSTED for a reply over the limit. */
export function replyTooLong(reply: Uint8Array, method: Method, context: UpstreamContext): UpstreamError {
  const text = `reply of ${reply.byteLength} bytes, accepted are ${context.maxResponseBytes}`;
  return new UpstreamError(status.RESOURCE_EXHAUSTED, text, method);
}

/**
 * The failure of a call that was answered with something other than gRPC, say a proxy's page in HTML: grpc-js takes
 * the start of it for the length of a message, which is over any limit. HTTP statuses other than 200 it tells itself.
 *
 * @param received the headers of the answer.
 */
export function notGrpc(
  code: number,
  received: Metadata | undefined,
  method: Method,
): UpstreamError | undefined {
  if (code !== status.RESOURCE_EXHAUSTED) return undefined;
  const type = received?.get("content-type")[0];
  if (type === undefined || String(type).toLowerCase().startsWith("application/grpc")) return undefined;
  return new UpstreamError(status.UNKNOWN, `the answer is not gRPC but ${JSON.stringify(type)}`, method);
}
