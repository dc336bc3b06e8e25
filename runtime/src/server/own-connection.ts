import type { Socket } from "node:net";
import {
  type ConnectionError,
  type ConnectionEvents,
  ErrorCode,
  Http2Connection,
  type Http2Limits,
  type Http2Stream,
  type QueueBudget,
} from "../http2/index.js";
import type { HttpStream } from "../protocol/http-stream.js";
import { flushSoon } from "../socket/flush.js";
import { SocketWriter } from "../socket/socket-writer.js";
import type { Logger } from "./logger.js";
import { OwnStream } from "./own-stream.js";

// How long a client may take to read the last words of a connection.
const LINGER_MS = 1_000;
const tooManyHeaders = { ":status": "431" };
const wrongVersion =
  "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const requestLineOfHttp1 = /^[A-Z]{3,20} [^\r\n]+ HTTP\/1\.[01]\r?\n/;
const LONGEST_REQUEST_LINE = 2048;

/** What a connection has from its front. */
export interface OwnConnectionOptions {
  /** HTTP/2 is agreed on: by prior knowledge, or in the handshake of TLS. */
  readonly agreed: boolean;
  readonly limits: Http2Limits;
  readonly budget: QueueBudget;
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
  // The first bytes have been looked at, or need not be.
  #spoken = false;

  constructor(socket: Socket, options: OwnConnectionOptions) {
    const { agreed, logger } = options;
    this.#socket = socket;
    this.#logger = logger;
    this.#serve = options.serve;
    this.#http2 = new Http2Connection("server", options.limits, this, performance.now(), options.budget);
    this.#writer = new SocketWriter(socket, this.#http2);
    this.#spoken = !agreed;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
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
      options.onClose();
    });
    if (!agreed) this.#refuseHttp1();
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

  #receive(chunk: Buffer): void {
    if (!this.#spoken) {
      this.#spoken = true;
      if (requestLineOfHttp1.test(chunk.toString("latin1", 0, LONGEST_REQUEST_LINE))) {
        this.#refuseHttp1();
        return;
      }
      // Our SETTINGS have waited until now, so that a client of HTTP/1.1 can be answered in its own language.
      this.onOutput();
    }
    this.#http2.receive(chunk, performance.now());
  }

  #refuseHttp1(): void {
    const unsent = this.#http2.takeOutput();
    if (unsent !== undefined) this.#http2.outputSent(unsent);
    this.#socket.write(wrongVersion);
    this.#http2.transportClosed();
  }
}
