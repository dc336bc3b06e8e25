import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { Admission } from "./admission.js";
import type { ConnectionLimits } from "./connection-limits.js";
import type { Address, ServerTls } from "./front.js";
import { Http1 } from "./http1.js";
import { listenOn, stoppedBy } from "./listening.js";
import type { Logger } from "./logger.js";
import { secureContextOf } from "./tls.js";

/** What a listener has from its front. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ServerTls | undefined;
  readonly limits: ConnectionLimits;
  readonly logger: Logger;
  /** Takes a connection of HTTP/2. Nothing has been read of the socket, or all of that has been put back. */
  readonly onHttp2: (socket: Socket) => void;
}

// The first bytes of HTTP/2 by prior knowledge, "PRI * HTTP/2.0"; no method of HTTP/1.1 begins with these three.
const PREFACE_START = "PRI";
const requestLine = /^[A-Z][A-Z-]* \S+ HTTP\/1\.[01]\r?\n/;
const LONGEST_LINE = 16 * 1024;

/**
 * The one port: TLS or not, connections counted, HTTP/2 for the front, and HTTP/1.1 for a word in its own language.
 * Which of the two it is, ALPN says, or in cleartext the first bytes. A TLS client that names neither is held to speak
 * HTTP/1.1: https://www.rfc-editor.org/rfc/rfc9113#section-3.2
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  readonly #http1: Http1;
  readonly #admission: Admission;
  // As they were accepted: also those that are still in a handshake.
  readonly #sockets = new Set<Socket>();

  constructor(options: ListenerOptions) {
    const { limits, logger, tls } = options;
    this.#options = options;
    this.#http1 = new Http1(logger, limits.handshakeTimeoutMs);
    this.#admission = new Admission(limits);
    if (tls === undefined) {
      this.#server = createServer({ noDelay: true });
      this.#server.on("connection", (socket: Socket) => {
        if (this.#admit(socket)) this.#readStart(socket);
      });
      return;
    }
    this.#tlsServer = createTlsServer({
      ...secureContextOf(tls),
      ...(tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: limits.handshakeTimeoutMs,
      noDelay: true,
    });
    this.#tlsServer.on("connection", (socket: Socket) => this.#admit(socket));
    this.#tlsServer.on("secureConnection", (socket: TLSSocket) => {
      if (socket.alpnProtocol === "h2") options.onHttp2(socket);
      else this.#http1.take(socket);
    });
    this.#tlsServer.on("tlsClientError", (error) => {
      logger({ level: "info", message: "connection failed", cause: String(error) });
    });
    this.#server = this.#tlsServer;
  }

  listen(): Promise<Address> {
    return listenOn(this.#server, this.#options);
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** Accepts no more; resolves when the last connection is closed. */
  stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#http1.close();
    return stopped;
  }

  /** Waits until `stopped`, but from `endMs` on, of `performance.now()`, cuts what is left. */
  async stoppedBy(stopped: Promise<void>, endMs: number): Promise<void> {
    await stoppedBy(stopped, endMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Takes another key and certificate, for the connections to come. Throws if they do not fit. */
  setTls(tls: ServerTls): void {
    this.#tlsServer?.setSecureContext(secureContextOf(tls));
  }

  #admit(socket: Socket): boolean {
    const refusal = this.#admission.admit(socket);
    if (refusal !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      this.#options.logger({ level: "warn", message: "connection refused", cause: refusal });
      return false;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return true;
  }

  #readStart(socket: Socket): void {
    const { logger, limits, onHttp2 } = this.#options;
    let start = "";
    const parts: Buffer[] = [];
    const timer = setTimeout(() => socket.destroy(), limits.handshakeTimeoutMs).unref();
    const onClose = () => clearTimeout(timer);
    const onError = (error: Error) => {
      logger({ level: "info", message: "connection failed", cause: String(error) });
    };
    const onData = (part: Buffer) => {
      parts.push(part);
      start += part.toString("latin1", 0, LONGEST_LINE);
      const isHttp1 = beginsHttp1(start);
      if (isHttp1 === undefined) return;
      clearTimeout(timer);
      socket.pause();
      socket.off("data", onData).off("error", onError).off("close", onClose);
      socket.unshift(parts.length === 1 ? part : Buffer.concat(parts));
      if (isHttp1) this.#http1.take(socket);
      else onHttp2(socket);
    };
    socket.on("data", onData).on("error", onError).on("close", onClose);
  }
}

/** Whether this is the beginning of a request of HTTP/1.1; undefined if more of it must be seen. */
function beginsHttp1(start: string): boolean | undefined {
  if (start.length < PREFACE_START.length && PREFACE_START.startsWith(start)) return undefined;
  if (start.startsWith(PREFACE_START) || !/^[A-Z]/.test(start)) return false;
  if (start.includes("\n")) return requestLine.test(start);
  // Whatever is no line of text is for HTTP/2 to refuse.
  return start.length < LONGEST_LINE ? undefined : false;
}
