import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import type { Headers } from "../auth/authenticator.js";
import { ByteBudget } from "../http2/index.js";
import { TimerWheel } from "../time/timer-wheel.js";
import { type Address, type Front, type FrontOptions, frontLimits, type ServerTls } from "./front.js";
import { Listener } from "./listener.js";
import { NodeSession } from "./node-session.js";
import { NodeStream } from "./node-stream.js";

const SWEEP_MS = 1_000;
// The time that clients get to hear of a coming end, before streams that they open are refused.
const NOTICE_MS = 250;
const tooManyHeaders = { ":status": "431" };

const serverOptions = {
  settings: {
    maxConcurrentStreams: frontLimits.maxConcurrentStreams,
    maxHeaderListSize: frontLimits.maxHeaderListBytes,
    initialWindowSize: frontLimits.streamWindowBytes,
    enablePush: false,
  },
  // More than are served, so that a request with too many gets an answer; beyond, the stream is reset.
  maxHeaderListPairs: frontLimits.maxHeaderFields * 2,
  maxSessionInvalidFrames: 100,
  // Newer versions of Node.js count resets by themselves as well; older ones ignore these.
  streamResetBurst: frontLimits.resetBurst,
  streamResetRate: frontLimits.resetsPerSecond,
};

/** A front on Node's own HTTP/2. */
export function nodeFront(options: FrontOptions): Front {
  return new NodeFront(options);
}

class NodeFront implements Front {
  readonly #options: FrontOptions;
  readonly #listener: Listener;
  readonly #sessions = new Map<ServerHttp2Session, NodeSession>();
  readonly #wheel = new TimerWheel();
  readonly #outbound: ByteBudget;
  #sweeper: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#outbound = new ByteBudget(options.limits.maxOutboundBytes);
    // It does not listen itself: the sockets come from the listener, with TLS or without.
    const server = createServer(serverOptions);
    server.on("session", (session) => this.#onSession(session));
    server.on("sessionError", (error) => {
      options.logger({ level: "info", message: "connection failed", cause: String(error) });
    });
    this.#listener = new Listener({ ...options, onHttp2: (socket) => server.emit("connection", socket) });
  }

  async listen(): Promise<Address> {
    const address = await this.#listener.listen();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return address;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const end = performance.now() + graceMs;
    if (!this.#listener.listening) return;
    const stopped = this.#listener.stop();
    // In two steps, so that streams which cross the notice on the wire are served and not refused:
    // https://www.rfc-editor.org/rfc/rfc9113#section-6.8-14. Node's own close() of a server sends nothing.
    for (const session of this.#sessions.values()) session.announceClose();
    if (this.#sessions.size > 0) await delay(Math.min(NOTICE_MS, graceMs));
    for (const session of this.#sessions.values()) session.finish();
    await this.#listener.stoppedBy(stopped, end);
    clearInterval(this.#sweeper);
  }

  setTls(tls: ServerTls): void {
    this.#listener.setTls(tls);
  }

  #onSession(session: ServerHttp2Session): void {
    const known = new NodeSession(
      session,
      this.#wheel,
      this.#options.logger,
      this.#options.limits,
      this.#outbound,
    );
    this.#sessions.set(session, known);
    session.once("close", () => this.#sessions.delete(session));
    // On the session and not on the server, since a stream that is gone already does not know its session any more.
    session.on("stream", (stream, headers, _flags, rawHeaders?: string[]) =>
      this.#onStream(stream, headers, rawHeaders, known),
    );
    if (this.#closing) known.finish();
  }

  #onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: string[] | undefined,
    session: NodeSession,
  ): void {
    // Node tells of a stream one tick late: it may be gone by then, as most are in a flood of resets.
    if (stream.destroyed || stream.closed) {
      stream.on("error", () => {});
      session.countReset();
      return;
    }
    // All values are strings, but for `set-cookie`, which no request has a reason to carry.
    const served = new NodeStream(stream, headers as unknown as Headers, session);
    if (rawHeaders !== undefined && tooManyOrLong(rawHeaders)) {
      served.respondHeaders(tooManyHeaders);
      this.#options.logger({ level: "info", message: "request refused", code: "HTTP 431" });
      return;
    }
    this.#options.serve(served);
  }

  #sweep(): void {
    const now = performance.now();
    for (const session of this.#sessions.values()) session.sweep(now);
  }
}

// Node.js tells clients of the limit on a header list, but itself only stops at 64 KiB.
function tooManyOrLong(rawHeaders: readonly string[]): boolean {
  if (rawHeaders.length > frontLimits.maxHeaderFields * 2) return true;
  // 32 bytes for each field: https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2-2.12
  let bytes = rawHeaders.length * 16;
  for (const text of rawHeaders) bytes += text.length;
  return bytes > frontLimits.maxHeaderListBytes;
}
