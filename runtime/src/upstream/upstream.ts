/** The kinds of RPC that Portico translates. */
export type RpcKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** The longest reply that an upstream accepts, in bytes, where it is not told. */
export const DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** A method of an internal service, as the generated code names it. */
export interface Method {
  /** Full name of the service: "smpl.orders.v1.OrdersService". */
  readonly service: string;
  /** "ListOrders" */
  readonly name: string;
  /** The HTTP/2 path: "/smpl.orders.v1.OrdersService/ListOrders". */
  readonly path: string;
  readonly kind: RpcKind;
}

/** What an upstream call takes from the public call it belongs to. */
export interface UpstreamContext {
  /**
   * When the call ends at the latest, in milliseconds of `Date.now()`. Always set: no call of a gateway is without a
   * deadline. (Infinity is none at all, for other uses of an Upstream.)
   */
  readonly deadlineMs: number;
  /** The longest reply accepted, in bytes; a longer one is RESOURCE_EXHAUSTED, before it is buffered. */
  readonly maxResponseBytes: number;
  /** Metadata to send. Keys are lower case; nothing else of the client's request reaches the upstream. */
  readonly metadata: ReadonlyArray<readonly [key: string, value: string]>;
  /**
   * Calls `listener` when the public call ends early (client gone, deadline, a sibling failed), at once if it has
   * already. Returns the function that removes the listener; whoever adds one removes it.
   */
  onCancel(listener: () => void): () => void;
}

/**
 * A way to reach the internal services: bytes in, bytes out. It rejects with an UpstreamError, never with anything
 * else, never hangs past the deadline, and cancels the RPC when the context is cancelled.
 */
export interface Upstream {
  unary(method: Method, request: Uint8Array, context: UpstreamContext): Promise<Uint8Array>;
  /** Messages in order. Leaving the loop early cancels the RPC; a slow reader pauses the upstream. */
  serverStream(method: Method, request: Uint8Array, context: UpstreamContext): AsyncIterable<Uint8Array>;
  /**
   * Sends `requests` in order, and gives the one reply; it may come before they end. How requests are taken:
   *
   * - `next` is called for one at a time, and only when the wire has room for it: a slow upstream holds back whoever
   *   sends. Nothing is read ahead.
   * - Their end half-closes the RPC. If they throw, the RPC is cancelled.
   * - When the RPC is over first (replied, failed, cancelled), `return` is called, once, also while a `next` is
   *   waiting, which then settles; and nothing is asked for any more.
   */
  clientStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): Promise<Uint8Array>;
  /** Both directions at once: requests as `clientStream` takes them, messages as `serverStream` gives them. */
  bidiStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): AsyncIterable<Uint8Array>;
  /** Closes all connections; calls under way end with UNAVAILABLE. */
  close(): Promise<void>;
}

/** Why an upstream call failed. Internal: code and text are for the log and for the mapping to a public error. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";

  constructor(
    /** The gRPC status code as the upstream (or the channel) gave it. */
    readonly code: number,
    message: string,
    readonly method: Method,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
