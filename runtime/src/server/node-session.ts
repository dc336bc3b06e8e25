import { constants, type ServerHttp2Session } from "node:http2";
import type { ByteBudget } from "../http2/index.js";
import type { TimerWheel } from "../time/timer-wheel.js";
import type { ConnectionLimits } from "./connection-limits.js";
import { frontLimits } from "./front.js";
import type { Logger } from "./logger.js";

const MAX_STREAM_ID = 2 ** 31 - 1;

/** What is known of one connection: enough to end it when it is idle, abusive, or the gateway is closing. */
export class NodeSession {
  readonly session: ServerHttp2Session;
  readonly wheel: TimerWheel;
  /** Streams that are open now. */
  openStreams = 0;

  readonly #logger: Logger;
  readonly #limits: ConnectionLimits;
  readonly #outbound: ByteBudget;
  // Bytes of answers that the client has not taken yet.
  #unreadBytes = 0;
  readonly #openedMs = performance.now();
  #settled = false;
  #idleSinceMs = performance.now();
  // A bucket of resets that are allowed, filled again as time passes.
  #resetsLeft: number = frontLimits.resetBurst;
  #resetsFilledMs = performance.now();

  constructor(
    session: ServerHttp2Session,
    wheel: TimerWheel,
    logger: Logger,
    limits: ConnectionLimits,
    outbound: ByteBudget,
  ) {
    this.session = session;
    this.wheel = wheel;
    this.#logger = logger;
    this.#limits = limits;
    this.#outbound = outbound;
    session.setLocalWindowSize(frontLimits.connectionWindowBytes);
    session.once("remoteSettings", () => {
      this.#settled = true;
    });
  }

  streamOpened(): void {
    this.openStreams++;
  }

  streamClosed(): void {
    if (--this.openStreams === 0) this.#idleSinceMs = performance.now();
  }

  /**
   * A stream was reset before its client had the answer. A client may give up on some, but one that opens streams to
   * reset them makes work at no cost of its own ("rapid reset", CVE-2023-44487) and is cut off.
   */
  countReset(): void {
    if (this.session.destroyed) return;
    const now = performance.now();
    const filled = ((now - this.#resetsFilledMs) / 1000) * frontLimits.resetsPerSecond;
    this.#resetsFilledMs = now;
    this.#resetsLeft = Math.min(frontLimits.resetBurst, this.#resetsLeft + filled) - 1;
    if (this.#resetsLeft < 0) this.#expel("the client resets too many streams");
  }

  /** Whether so many bytes of answers more may wait: on this connection, which may have half of all, and on all. */
  hasRoom(bytes: number): boolean {
    return this.#unreadBytes + bytes <= this.#outbound.maxBytes / 2 && this.#outbound.allows(bytes);
  }

  /** So many bytes of answers more wait, or less. */
  count(bytes: number): void {
    this.#unreadBytes += bytes;
    this.#outbound.used += bytes;
  }

  /** Called every now and then: ends a connection that does nothing. */
  sweep(nowMs: number): void {
    if (!this.#settled && nowMs - this.#openedMs > this.#limits.handshakeTimeoutMs) this.session.destroy();
    else if (this.openStreams === 0 && nowMs - this.#idleSinceMs > this.#limits.idleTimeoutMs) this.finish();
  }

  /** Asks the client to open no more streams; those already on their way are still served. */
  announceClose(): void {
    if (!this.session.destroyed && !this.session.closed) {
      this.session.goaway(constants.NGHTTP2_NO_ERROR, MAX_STREAM_ID);
    }
  }

  /** Takes no more streams; ends when those that are open have. */
  finish(): void {
    if (!this.session.destroyed && !this.session.closed) this.session.close();
  }

  #expel(why: string): void {
    if (this.session.destroyed) return;
    this.#logger({ level: "warn", message: "connection closed", cause: why });
    this.session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.session.destroy();
  }
}
