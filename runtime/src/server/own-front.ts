import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ByteBudget, defaultHttp2Limits, type Http2Limits } from "../http2/index.js";
import type { ConnectionLimits } from "./connection-limits.js";
import { type Address, type Front, type FrontOptions, frontLimits, type ServerTls } from "./front.js";
import { Listener } from "./listener.js";
import { OwnConnection } from "./own-connection.js";

const SWEEP_MS = 1_000;
// A sweep that comes so long after the last says that this process has stood still.
const PAUSE_MS = 3_000;
// The time that clients get to hear of a coming end, before streams that they open are refused.
const NOTICE_MS = 250;

/** A front on our own HTTP/2, over sockets of node:net and node:tls. */
export function ownFront(options: FrontOptions): Front {
  return new OwnFront(options);
}

class OwnFront implements Front {
  readonly #options: FrontOptions;
  readonly #listener: Listener;
  readonly #connections = new Set<OwnConnection>();
  readonly #limits: Http2Limits;
  readonly #outbound: ByteBudget;
  readonly #tables: ByteBudget;
  #sweeper: NodeJS.Timeout | undefined;
  #sweptMs = 0;
  #closing = false;

  constructor(options: FrontOptions) {
    const { limits } = options;
    this.#options = options;
    this.#limits = http2LimitsOf(limits);
    this.#outbound = new ByteBudget(limits.maxOutboundBytes);
    this.#tables = new ByteBudget(limits.maxHeaderTableBytes);
    this.#listener = new Listener({ ...options, onHttp2: (socket) => this.#accept(socket) });
  }

  async listen(): Promise<Address> {
    const address = await this.#listener.listen();
    this.#sweptMs = performance.now();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return address;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const end = performance.now() + graceMs;
    if (!this.#listener.listening) return;
    const stopped = this.#listener.stop();
    // In two steps, so that streams which cross the notice on the wire are served and not refused:
    // https://www.rfc-editor.org/rfc/rfc9113#section-6.8-14. A client that answers the notice need not wait for others.
    for (const connection of this.#connections) connection.announceClose();
    if (this.#connections.size > 0) await Promise.race([stopped, delay(Math.min(NOTICE_MS, graceMs))]);
    for (const connection of this.#connections) connection.finish();
    await this.#listener.stoppedBy(stopped, end);
    clearInterval(this.#sweeper);
  }

  setTls(tls: ServerTls): void {
    this.#listener.setTls(tls);
  }

  #accept(socket: Socket): void {
    const { logger, serve } = this.#options;
    const connection = new OwnConnection(socket, {
      limits: this.#limits,
      outbound: this.#outbound,
      tables: this.#tables,
      logger,
      serve,
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    if (this.#closing) connection.finish();
  }

  #sweep(): void {
    const now = performance.now();
    const paused = now - this.#sweptMs > PAUSE_MS;
    this.#sweptMs = now;
    // What clients have said meanwhile is read first: it was not they who were late.
    if (paused) return;
    for (const connection of this.#connections) connection.tick(now);
  }
}

function http2LimitsOf(limits: ConnectionLimits): Http2Limits {
  const { handshakeTimeoutMs, idleTimeoutMs, stallTimeoutMs } = limits;
  return {
    ...defaultHttp2Limits,
    maxConcurrentStreams: frontLimits.maxConcurrentStreams,
    maxHeaderListBytes: frontLimits.maxHeaderListBytes,
    maxHeaderFields: frontLimits.maxHeaderFields,
    streamWindowBytes: frontLimits.streamWindowBytes,
    connectionWindowBytes: frontLimits.connectionWindowBytes,
    handshakeTimeoutMs,
    idleTimeoutMs,
    stallTimeoutMs,
    maxQueuedBytes: limits.maxOutboundBytes / 2,
  };
}
