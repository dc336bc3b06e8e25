import type { HttpStream } from "../protocol/http-stream.js";
import type { ConnectionLimits } from "./connection-limits.js";
import type { Logger } from "./logger.js";

/** Where a front listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** PEM, as read from files. */
export interface ServerTls {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** Certificate authorities that clients must be certified by (mutual TLS). Default: none are asked for. */
  readonly ca?: string | Buffer;
}

/** What a front does not decide itself. */
export interface FrontOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Default: cleartext HTTP/2 with prior knowledge (h2c). */
  readonly tls: ServerTls | undefined;
  readonly limits: ConnectionLimits;
  readonly logger: Logger;
  /** Takes each request stream. It does not throw. */
  readonly serve: (stream: HttpStream) => void;
}

/** A listening HTTP/2 server that hands its streams to a pipeline. */
export interface Front {
  /** Starts to listen; rejects if the address cannot be had. */
  listen(): Promise<Address>;
  /**
   * Stops accepting, tells each client to open no more streams here (GOAWAY), waits for the streams under way, but at
   * most `graceMs`, then closes what is left.
   */
  close(graceMs: number): Promise<void>;
  /** Takes another key and certificate, for the connections to come. Throws if they do not fit. */
  setTls(tls: ServerTls): void;
}

/** The bounds of a front on what one connection can make it hold, beside the ConnectionLimits. */
export const frontLimits = {
  /** Streams at once on a connection. */
  maxConcurrentStreams: 100,
  /** Bytes of a header list as RFC 9113 counts them; a longer one is answered with 431. */
  maxHeaderListBytes: 16 * 1024,
  /** Header fields of a request, pseudo headers among them; more are answered with 431. */
  maxHeaderFields: 100,
  /** Flow-control windows: of a stream, and of a connection. */
  streamWindowBytes: 64 * 1024 - 1,
  connectionWindowBytes: 1024 * 1024,
  /** Streams that a client resets before they are answered: so many at once, and so many a second for long. */
  resetBurst: 200,
  resetsPerSecond: 50,
} as const;
