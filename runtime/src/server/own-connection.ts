import type { Socket } from "node:net";
import {
  type ByteBudget,
  type ConnectionError,
  type ConnectionEvents,
  ErrorCode,
  Http2Connection,
  type Http2Limits,
  type Http2Stream,
} from "../http2/index.js";
import type { HttpStream } from "../protocol/http-stream.js";
import { flushSoon } from "../socket/flush.js";
import { SocketWriter } from "../socket/socket-writer.js";
import type { Logger } from "./logger.js";
import { OwnStream } from "./own-stream.js";

// How long a client may take to read the last words of a connection.
const LINGER_MS = 1_000;
const tooManyHeaders = { ":status": "431" };
/** What a connection has from its front. */
export interface OwnConnectionOptions {
  readonly limits: Http2Limits;
  /** Bytes of answers, and of header tables, over all connections. */
  readonly outbound: ByteBudget;
  readonly tables: ByteBudget;
  readonly logger: Logger;
  readonly serve: (stream: HttpStream) => void;
  readonly onClose: () => void;
}

/** A socket and the HTTP/2 on it. */
export class OwnConnection implements ConnectionEvents {
  readonly #socket: Socket;
  readonly #http2: Http2Connection;
  readonly #logger: Logger;
  readonly #serve: (stream: HttpStream) => void;
  readonly #writer: SocketWriter;
  #flushing = false;
  readonly #stallTimeoutMs: number;

  constructor(socket: Socket, options: OwnConnectionOptions) {
    const { logger, limits, outbound, tables } = options;
    this.#socket = socket;
    this.#logger = logger;
    this.#serve = options.serve;
    this.#stallTimeoutMs = limits.stallTimeoutMs;
    this.#http2 = new Http2Connection("server", limits, this, performance.now(), outbound, tables);
    this.#writer = new SocketWriter(socket, this.#http2, outbound);
    socket.on("data", (chunk: Buffer) => this.#http2.receive(chunk, performance.now()));
    socket.on("drain", () => {
      this.#writer.drained();
      this.flush();
    });
    socket.on("error", (error) => {
      logger({ level: "info", message: "connection failed", cause: String(error) });
    });
    // Whoever says no more has nobody left to answer to: HTTP/2 needs both directions.
    socket.on("end", () => this.#http2.transportClosed());
    socket.on("close", () => {
      this.#http2.transportClosed();
      this.#writer.close();
      options.onClose();
    });
    this.onOutput();
    socket.resume();
  }

  /** Asks the client to open no more streams; those already on their way are still served. */
  announceClose(): void {
    this.#http2.announceClose();
  }

  /** Takes no more streams; ends when those that are open have. */
  finish(): void {
    this.#http2.finish();
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    this.#http2.tick(nowMs);
    // Where streams are over for HTTP/2, but not sent.
    if (this.#writer.stalledMs(nowMs) > this.#stallTimeoutMs) {
      this.#http2.abort(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read");
    }
  }

  /** @internal Sends what there is; called once a tick, when all that the tick has to say is said. */
  flush(): void {
    this.#flushing = false;
    this.#writer.write();
  }

  onRequest(stream: Http2Stream): void {
    const served = new OwnStream(stream);
    if (stream.headersTooLong) {
      served.respondHeaders(tooManyHeaders);
      this.#logger({ level: "info", message: "request refused", code: "HTTP 431" });
      return;
    }
    this.#serve(served);
  }

  onOutput(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    flushSoon(this);
  }

  onPeerChange(): void {}

  onClose(error: ConnectionError | undefined): void {
    const socket = this.#socket;
    if (error !== undefined) {
      const level = error.code === ErrorCode.INTERNAL_ERROR ? "error" : "info";
      const { cause } = error;
      this.#logger({
        level: error.code === ErrorCode.ENHANCE_YOUR_CALM ? "warn" : level,
        message: "connection closed",
        cause: cause === undefined ? error.message : String((cause as Error).stack ?? cause),
      });
    }
    if (socket.destroyed) return;
    this.#writer.drained();
    this.flush();
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }
}
