import net, { type Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import {
  type ConnectionError,
  type ConnectionEvents,
  ErrorCode,
  type ExtraHeaders,
  type HeaderBlock,
  Http2Connection,
  type Http2Stream,
} from "../../http2/index.js";
import { type Flushable, flushSoon } from "../../socket/flush.js";
import { SocketWriter } from "../../socket/socket-writer.js";
import type { Address } from "./address.js";
import type { ChannelSettings } from "./settings.js";

/** Told what becomes of a connection. */
export interface ConnectionOwner {
  /** It takes calls from now on; or takes more of them than it said before. */
  onReady(connection: Connection): void;
  /** It takes no more calls; those on it go on. */
  onLeaving(connection: Connection): void;
  /** It is over. Told once, last. */
  onClosed(connection: Connection): void;
}

// How long a peer may take to read our last words.
const LINGER_MS = 1_000;
const READ_BYTES = 64 * 1024;
// Servers take many PINGs for an attack.
const PROBE_INTERVAL_MS = 10_000;
const USEFUL_MS = 10_000;

/** A socket to one address, and the HTTP/2 on it, at the client's end. */
export class Connection implements ConnectionEvents, Flushable {
  /** A response has come on it. */
  answered = false;
  /** Why it could not be made, or was lost. */
  failure: Error | undefined;

  readonly #socket: Socket;
  readonly #settings: ChannelSettings;
  readonly #owner: ConnectionOwner;
  readonly #connectTimer: NodeJS.Timeout;
  #http2: Http2Connection | undefined;
  #writer: SocketWriter | undefined;
  #flushing = false;
  #ready = false;
  #closed = false;
  #readyMs = 0;
  #receivedMs = 0;
  #probedMs = Number.NEGATIVE_INFINITY;
  #idleSinceMs = 0;
  // The last stream that was opened, and the last that the peer may know of.
  #openedId = 0;
  #sentId = 0;

  constructor(address: Address, serverName: string, settings: ChannelSettings, owner: ConnectionOwner) {
    this.#settings = settings;
    this.#owner = owner;
    const socket = openSocket(address, serverName, settings, (chunk) => {
      this.#receivedMs = performance.now();
      this.#http2?.receive(chunk, this.#receivedMs, true);
    });
    this.#socket = socket;
    const { connectTimeoutMs } = settings;
    this.#connectTimer = setTimeout(() => {
      this.#fail(new Error(`${address.key}: not connected within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    socket.once(settings.security === undefined ? "connect" : "secureConnect", () => this.#connected());
    socket.on("drain", () => {
      this.#writer?.drained();
      this.flush();
    });
    socket.on("error", (error) => {
      this.failure ??= error;
    });
    socket.on("end", () => this.#http2?.transportClosed());
    socket.on("close", () => {
      this.failure ??= new Error(`${address.key}: the connection was closed`);
      if (this.#http2 === undefined) this.#over();
      else this.#http2.transportClosed();
    });
  }

  /** Whether it takes a call now. */
  get canRequest(): boolean {
    return this.#ready && this.#http2!.canRequest;
  }

  get openStreams(): number {
    return this.#http2?.openStreams ?? 0;
  }

  /** It takes no more calls, though it may have some. */
  get isLeaving(): boolean {
    return this.#closed || (this.#http2?.isFinishing ?? false);
  }

  /** It is over, and so are all calls on it. */
  get isClosed(): boolean {
    return this.#closed || (this.#http2?.closed ?? false);
  }

  /** Whether making it was worth while: the peer is one that answers, or at least stays. */
  get wasUseful(): boolean {
    return this.answered || (this.#readyMs > 0 && performance.now() - this.#readyMs > USEFUL_MS);
  }

  /** Opens a stream; undefined if it cannot. The receiver is to be set at once. */
  request(headers: HeaderBlock, extra: ExtraHeaders): Http2Stream | undefined {
    const stream = this.#http2?.request(headers, extra, false);
    if (stream !== undefined) this.#openedId = stream.id;
    return stream;
  }

  /** Why it is over, for logs. */
  get lossText(): string {
    return (this.failure ?? this.#http2?.error)?.message ?? "closed by the peer";
  }

  /** Whether the peer may have heard of a stream. */
  mayHaveSent(streamId: number): boolean {
    return streamId <= this.#sentId;
  }

  /** A call has waited in vain for so long: if nothing at all has come since, the peer is asked whether it is there. */
  suspect(silenceMs: number): void {
    const now = performance.now();
    if (now - this.#receivedMs < silenceMs || now - this.#probedMs < PROBE_INTERVAL_MS) return;
    this.#probedMs = now;
    this.#http2?.probe(now);
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    this.#http2?.tick(nowMs);
    if (this.openStreams > 0) this.#idleSinceMs = 0;
    else if (this.#idleSinceMs === 0) this.#idleSinceMs = nowMs;
  }

  /** How long it has been without a stream. */
  idleMs(nowMs: number): number {
    return this.#idleSinceMs === 0 ? 0 : nowMs - this.#idleSinceMs;
  }

  /** Takes no more calls, and closes when those on it are over. */
  finish(): void {
    if (this.#http2 === undefined) this.#fail(new Error("not needed any more"));
    else this.#http2.finish();
  }

  /** Ends it now, with all that is on it. */
  abort(reason: string): void {
    this.failure ??= new Error(reason);
    if (this.#http2 === undefined) this.#fail(this.failure);
    else this.#http2.abort(ErrorCode.NO_ERROR, reason);
  }

  /** @internal Sends what there is; called once a tick, when all that the tick has to say is said. */
  flush(): void {
    this.#flushing = false;
    // All header sections are in the first write, if there is any.
    if (this.#writer?.write() === true) this.#sentId = this.#openedId;
  }

  // ---- ConnectionEvents ----

  /** @internal */
  onRequest(): void {}

  /** @internal */
  onOutput(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    flushSoon(this);
  }

  /** @internal */
  onPeerChange(): void {
    if (this.isLeaving) {
      if (this.#ready) this.#owner.onLeaving(this);
      this.#ready = false;
      return;
    }
    if (!this.#ready) this.#readyMs = performance.now();
    this.#ready = true;
    clearTimeout(this.#connectTimer);
    this.#owner.onReady(this);
  }

  /** @internal */
  onClose(error: ConnectionError | undefined): void {
    this.failure ??= error;
    const socket = this.#socket;
    if (!socket.destroyed) {
      this.#writer!.drained();
      this.flush();
      socket.end();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
    this.#over();
  }

  #connected(): void {
    const socket = this.#socket;
    if (this.#settings.security !== undefined && (socket as TLSSocket).alpnProtocol !== "h2") {
      this.#fail(new Error("the peer does not agree on HTTP/2 (ALPN)"));
      return;
    }
    socket.setNoDelay(true);
    const { limits, budget } = this.#settings;
    this.#receivedMs = performance.now();
    this.#http2 = new Http2Connection("client", limits, this, this.#receivedMs, budget);
    this.#writer = new SocketWriter(socket, this.#http2);
    // The preface and our settings.
    this.flush();
  }

  #fail(failure: Error): void {
    this.failure ??= failure;
    this.#http2?.abort(ErrorCode.NO_ERROR, failure.message);
    this.#socket.destroy();
    this.#over();
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ready = false;
    clearTimeout(this.#connectTimer);
    this.#owner.onClosed(this);
  }
}

/** Reads into the same memory again and again: a chunk of its own for each read costs more than copying what is kept. */
function openSocket(
  address: Address,
  targetName: string,
  { security }: ChannelSettings,
  onChunk: (chunk: Buffer) => void,
): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const onread = {
    buffer,
    callback(length: number): boolean {
      onChunk(buffer.subarray(0, length));
      return true;
    },
  };
  if (security === undefined) return net.connect({ ...address.connect, onread });
  const name = security.serverName ?? targetName;
  // Documented for tls.connect, too, which its types do not know.
  const options: tls.ConnectionOptions & { onread: net.OnReadOpts } = {
    ...address.connect,
    onread,
    secureContext: security.certificates.context,
    ALPNProtocols: ["h2"],
    // Whatever the environment says: NODE_TLS_REJECT_UNAUTHORIZED is for other things than this.
    rejectUnauthorized: true,
    // An address is no name to ask for: https://www.rfc-editor.org/rfc/rfc6066#section-3
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
  };
  return tls.connect(options);
}
