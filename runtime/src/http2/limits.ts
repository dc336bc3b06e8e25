/** The bounds of a connection on what its peer can make it hold or do. Times are in milliseconds. */
export interface Http2Limits {
  /** Streams at once that the peer may open. Default 100. */
  readonly maxConcurrentStreams: number;
  /** Bytes of a header list as RFC 9113, section 6.5.2 counts them. Default 16 KiB. */
  readonly maxHeaderListBytes: number;
  /** Fields of a header list. Default 100. */
  readonly maxHeaderFields: number;
  /** Window of a stream: what it holds at most before somebody reads. Default 64 KiB - 1. */
  readonly streamWindowBytes: number;
  /** Window of the connection. Default 1 MiB; never less than 64 KiB - 1. */
  readonly connectionWindowBytes: number;
  /** Bytes that may wait for the peer to read them; beyond, the connection ends. Default 64 MiB. */
  readonly maxQueuedBytes: number;
  /** How long the peer may take for its first SETTINGS. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /** How long one header block may take to arrive. Default 10 s. */
  readonly headerTimeoutMs: number;
  /** How long one frame may take to arrive, or a body that is not `unhurried` may pause. Default 30 s. */
  readonly bodyTimeoutMs: number;
  /** How long the peer may take nothing of what waits for it: a stream, or the connection. Default 30 s. */
  readonly stallTimeoutMs: number;
  /** How long a connection may be without a stream before it is ended, by a server. Default 300 s. */
  readonly idleTimeoutMs: number;
  /** After how much silence, with streams open, the peer is asked whether it is still there. Default 60 s. */
  readonly keepaliveIntervalMs: number;
  /** How long it may take to answer that. Default 20 s. */
  readonly keepaliveTimeoutMs: number;
  /**
   * Streams that the peer may waste, by resetting them before they are answered or by making us reset them: so many at
   * once, and so many a second for long. Default 200 and 50.
   */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  /**
   * Frames that do no work (PING, SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE, …): so many at once, and so many a
   * second for long, beside those that requests and data account for. Default 1,000 and 100.
   */
  readonly idleFrameBurst: number;
  readonly idleFramesPerSecond: number;
}

/** The defaults. */
export const defaultHttp2Limits: Http2Limits = {
  maxConcurrentStreams: 100,
  maxHeaderListBytes: 16 * 1024,
  maxHeaderFields: 100,
  streamWindowBytes: 64 * 1024 - 1,
  connectionWindowBytes: 1024 * 1024,
  maxQueuedBytes: 64 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  stallTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  keepaliveIntervalMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  resetBurst: 200,
  resetsPerSecond: 50,
  idleFrameBurst: 1000,
  idleFramesPerSecond: 100,
};
