import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { defaultHttp2Limits, QueueBudget } from "../http2/index.js";
import { type Address, type Front, type FrontOptions, frontLimits } from "./front.js";
import { listenOn, stoppedBy } from "./listening.js";
import { OwnConnection } from "./own-connection.js";

const SWEEP_MS = 1_000;
// The time that clients get to hear of a coming end, before streams that they open are refused.
const NOTICE_MS = 250;
// Bytes of answers that wait for their clients, over all connections.
const MOST_QUEUED_BYTES = 256 * 1024 * 1024;

const limits = {
  ...defaultHttp2Limits,
  maxConcurrentStreams: frontLimits.maxConcurrentStreams,
  maxHeaderListBytes: frontLimits.maxHeaderListBytes,
  maxHeaderFields: frontLimits.maxHeaderFields,
  streamWindowBytes: frontLimits.streamWindowBytes,
  connectionWindowBytes: frontLimits.connectionWindowBytes,
  handshakeTimeoutMs: frontLimits.handshakeTimeoutMs,
  idleTimeoutMs: frontLimits.idleTimeoutMs,
  stallTimeoutMs: frontLimits.stallTimeoutMs,
  maxQueuedBytes: frontLimits.maxUnreadBytes / 2,
};

/** A front on our own HTTP/2, over sockets of node:net and node:tls. */
export function ownFront(options: FrontOptions): Front {
  return new OwnFront(options);
}

class OwnFront implements Front {
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #connections = new Set<OwnConnection>();
  // Sockets as they were accepted, also those that are still in the handshake of TLS.
  readonly #sockets = new Set<Socket>();
  readonly #budget = new QueueBudget(MOST_QUEUED_BYTES);
  #sweeper: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { tls } = options;
    const accept = (socket: Socket) => this.#accept(socket);
    if (tls === undefined) this.#server = createServer({ noDelay: true }, accept);
    else {
      const server = createTlsServer(
        {
          key: tls.key,
          cert: tls.cert,
          ...(tls.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
          minVersion: "TLSv1.2",
          ALPNProtocols: ["h2"],
          handshakeTimeout: frontLimits.handshakeTimeoutMs,
          noDelay: true,
        },
        accept,
      );
      server.on("tlsClientError", (error) => {
        options.logger({ level: "info", message: "connection failed", cause: String(error) });
      });
      this.#server = server;
    }
    this.#server.maxConnections = frontLimits.maxConnections;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<Address> {
    const address = await listenOn(this.#server, this.#options);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return address;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const end = performance.now() + graceMs;
    if (!this.#server.listening) return;
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // In two steps, so that streams which cross the notice on the wire are served and not refused:
    // https://www.rfc-editor.org/rfc/rfc9113#section-6.8-14. A client that answers the notice need not wait for others.
    for (const connection of this.#connections) connection.announceClose();
    if (this.#connections.size > 0) await Promise.race([stopped, delay(Math.min(NOTICE_MS, graceMs))]);
    for (const connection of this.#connections) connection.finish();
    await stoppedBy(stopped, end, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    clearInterval(this.#sweeper);
  }

  #accept(socket: Socket): void {
    const { tls, logger, serve } = this.#options;
    // A client that does not name HTTP/2 is held to speak HTTP/1.1: https://www.rfc-editor.org/rfc/rfc9113#section-3.2
    const agreed = tls === undefined || (socket as TLSSocket).alpnProtocol === "h2";
    const connection = new OwnConnection(socket, {
      agreed,
      limits,
      budget: this.#budget,
      logger,
      serve,
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    if (this.#closing) connection.finish();
  }

  #sweep(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.tick(now);
  }
}
