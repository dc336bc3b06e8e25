import { ConfigurationError } from "../configuration-error.js";
import { Code } from "../grpc/code.js";
import { ByteBudget, defaultHttp2Limits } from "../http2/index.js";
import { TimerWheel } from "../time/timer-wheel.js";
import { Channel } from "./channel/channel.js";
import type { ChannelSettings } from "./channel/settings.js";
import { StreamCall } from "./channel/stream-call.js";
import { UnaryCall } from "./channel/unary-call.js";
import { metadataProblem } from "./metadata.js";
import { singleReply } from "./single-reply.js";
import { targetProblems } from "./target.js";
import {
  DEFAULT_MAX_MESSAGE_BYTES,
  type Method,
  type Upstream,
  type UpstreamContext,
  UpstreamError,
} from "./upstream.js";
import { UpstreamCertificates } from "./upstream-certificates.js";
import { type UpstreamTls, upstreamTlsProblems } from "./upstream-tls.js";

/** Settings of `http2Upstream`. Times are in milliseconds. */
export interface Http2UpstreamOptions {
  /**
   * Where each internal service is: its full name -> "localhost:50051", "dns:///orders.internal:50051",
   * "ipv4:10.0.0.1:50051,10.0.0.2:50051", "unix:/run/orders.sock", … Services with the same target share connections.
   */
  readonly targets: Readonly<Record<string, string>>;
  /** Default: cleartext. */
  readonly tls?: UpstreamTls;
  /** The longest reply that is accepted, in bytes; a longer one is refused before it is buffered. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * Requests of so many bytes or more are compressed with gzip, which the services then have to understand: grpc-go only
   * does where its package encoding/gzip is imported, and answers UNIMPLEMENTED where not. Default: none are.
   */
  readonly compressMinBytes?: number | undefined;
  /** How long an attempt to connect may take, TLS and HTTP/2 included. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /**
   * How long calls wait for a connection after the first attempt has failed: an upstream that is restarted meanwhile
   * fails none of them. Later ones fail at once, until there is a connection. Default 2,000; 0: none waits; Infinity:
   * each waits up to its deadline.
   */
  readonly maxConnectWaitMs?: number;
  /** The longest wait between attempts to connect. Default 2,000. */
  readonly maxReconnectBackoffMs?: number;
  /** Connections to one address, which are made where the peer takes no more calls on one. Default 10. */
  readonly maxConnectionsPerAddress?: number;
  /** Without calls for so long, connections are closed, until the next call. Default 300,000. */
  readonly idleTimeoutMs?: number;
  /**
   * After how much silence a connection with calls on it is pinged, so that one whose peer vanished is noticed. Default:
   * only when a call has reached its deadline, and nothing at all came in the meantime; many servers take frequent pings
   * for an attack.
   */
  readonly keepaliveTimeMs?: number;
  /** How long the answer to a ping may take, before the connection is given up. Default 5,000. */
  readonly keepaliveTimeoutMs?: number;
}

const MiB = 1024 * 1024;
const TICK_MS = 1_000;
const INITIAL_RECONNECT_BACKOFF_MS = 100;
const MIN_RESOLUTION_INTERVAL_MS = 2_000;
const MAX_RESOLUTION_AGE_MS = 30_000;
// Bytes of requests that wait for upstreams to read them, over all connections.
const MOST_QUEUED_BYTES = 64 * MiB;

/**
 * The internal services, reached through Portico's own HTTP/2 with raw bytes. Throws a ConfigurationError for options
 * that cannot be used. Connections are opened by the first call, to all addresses of a target.
 */
export function http2Upstream(options: Http2UpstreamOptions): Upstream {
  const problems = optionProblems(options);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const certificates = options.tls === undefined ? undefined : new UpstreamCertificates(options.tls);
  const settings = settingsOf(options, certificates);
  const byTarget = new Map<string, Channel>();
  const byService = new Map<string, Channel>();
  for (const [service, target] of Object.entries(options.targets)) {
    let channel = byTarget.get(target);
    if (channel === undefined) {
      channel = new Channel(target, settings);
      byTarget.set(target, channel);
    }
    byService.set(service, channel);
  }
  return new Http2Upstream(byService, certificates);
}

function optionProblems(options: Http2UpstreamOptions): string[] {
  const problems = [...targetProblems(options.targets, { xds: false }), ...upstreamTlsProblems(options.tls)];
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" && !(value >= 0)) problems.push(`upstream ${name}: ${value} is below 0`);
  }
  const most = options.maxConnectionsPerAddress;
  if (most !== undefined && !(most >= 1)) problems.push("upstream maxConnectionsPerAddress: less than 1");
  return problems;
}

function settingsOf(
  options: Http2UpstreamOptions,
  certificates: UpstreamCertificates | undefined,
): ChannelSettings {
  const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
  return {
    security: certificates === undefined ? undefined : { certificates, serverName: options.tls?.serverName },
    limits: {
      ...defaultHttp2Limits,
      // Metadata of a status may be long.
      maxHeaderListBytes: 64 * 1024,
      handshakeTimeoutMs: connectTimeoutMs,
      keepaliveIntervalMs: options.keepaliveTimeMs ?? Number.POSITIVE_INFINITY,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5_000,
      // What may wait is bounded over all connections; a call that would go beyond fails, and not all on its connection.
      maxQueuedBytes: Number.POSITIVE_INFINITY,
    },
    budget: new ByteBudget(MOST_QUEUED_BYTES),
    wheel: new TimerWheel(),
    maxMessageBytes: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    compressMinBytes: options.compressMinBytes ?? Number.POSITIVE_INFINITY,
    backoff: { initialMs: INITIAL_RECONNECT_BACKOFF_MS, maxMs: options.maxReconnectBackoffMs ?? 2_000 },
    connectTimeoutMs,
    maxConnectWaitMs: options.maxConnectWaitMs ?? 2_000,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? 10,
    idleTimeoutMs: options.idleTimeoutMs ?? 300_000,
    minResolutionIntervalMs: MIN_RESOLUTION_INTERVAL_MS,
    maxResolutionAgeMs: MAX_RESOLUTION_AGE_MS,
  };
}

class Http2Upstream implements Upstream {
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #certificates: UpstreamCertificates | undefined;
  #ticker: NodeJS.Timeout | undefined;
  // The calls of one public call have the same metadata, mostly one after the other: they are checked once.
  #checked: UpstreamContext["metadata"] | undefined;
  #closed = false;

  constructor(channels: ReadonlyMap<string, Channel>, certificates: UpstreamCertificates | undefined) {
    this.#channels = channels;
    this.#certificates = certificates;
  }

  unary(method: Method, request: Uint8Array, context: UpstreamContext): Promise<Uint8Array> {
    try {
      return new UnaryCall(this.#channelFor(method, context), method, request, context).run();
    } catch (thrown) {
      return Promise.reject(asUpstreamError(thrown, method));
    }
  }

  serverStream(method: Method, request: Uint8Array, context: UpstreamContext): AsyncIterable<Uint8Array> {
    return this.#stream(method, request, context);
  }

  async clientStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): Promise<Uint8Array> {
    return singleReply(this.#stream(method, requests, context), method);
  }

  bidiStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): AsyncIterable<Uint8Array> {
    return this.#stream(method, requests, context);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#certificates?.stop();
    for (const channel of new Set(this.#channels.values())) channel.close();
  }

  #stream(
    method: Method,
    request: Uint8Array | AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): AsyncIterableIterator<Uint8Array, undefined> {
    try {
      return new StreamCall(this.#channelFor(method, context), method, request, context).run().messages;
    } catch (thrown) {
      if (!(request instanceof Uint8Array))
        request[Symbol.asyncIterator]()
          .return?.()
          .catch(() => {});
      return failing(asUpstreamError(thrown, method));
    }
  }

  // Throws if the call cannot be made.
  #channelFor(method: Method, { metadata }: UpstreamContext): Channel {
    const channel = this.#channels.get(method.service);
    if (channel === undefined) {
      throw new UpstreamError(Code.UNAVAILABLE, `no target for ${method.service}`, method);
    }
    if (metadata !== this.#checked) {
      const problem = metadataProblem(metadata, method);
      if (problem !== undefined) throw problem;
      this.#checked = metadata;
    }
    if (this.#ticker === undefined && !this.#closed) this.#startTicking();
    return channel;
  }

  #startTicking(): void {
    const channels = new Set(this.#channels.values());
    this.#ticker = setInterval(() => {
      const now = performance.now();
      for (const channel of channels) channel.tick(now);
    }, TICK_MS).unref();
  }
}

function asUpstreamError(thrown: unknown, method: Method): UpstreamError {
  if (thrown instanceof UpstreamError) return thrown;
  return new UpstreamError(Code.INTERNAL, String(thrown), method, { cause: thrown });
}

// biome-ignore lint/correctness/useYield: it fails before there is anything to give.
async function* failing(error: UpstreamError): AsyncGenerator<Uint8Array, undefined> {
  throw error;
}
