import { Client, compressionAlgorithms, Metadata, status } from "@grpc/grpc-js";
import { ConfigurationError } from "../configuration-error.js";
import { asBuffer, GrpcJsCall } from "./grpc-js-call.js";
import { channelCredentialsOf } from "./grpc-js-credentials.js";
import { GrpcJsStream } from "./grpc-js-stream.js";
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
import { isXds, registerXds } from "./xds.js";

export interface GrpcJsUpstreamOptions {
  /**
   * Where each internal service is: its full name -> "localhost:50051", "dns:///orders.internal:50051",
   * "xds:///orders", … Services with the same target share connections.
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
  /**
   * How calls spread over the addresses that a name resolves to. Default "round_robin"; "pick_first" keeps to one
   * address until it fails.
   */
  readonly balance?: "round_robin" | "pick_first";
  /** The longest wait between attempts to reconnect, in milliseconds. Default 2,000. */
  readonly maxReconnectBackoffMs?: number;
  /**
   * After how many milliseconds of silence a connection is pinged, so that one whose peer vanished is noticed.
   * Default: no pings, since many servers take frequent ones for an attack; agree on a value with the upstreams.
   */
  readonly keepaliveTimeMs?: number;
}

const GZIP = compressionAlgorithms.gzip;
const FLOW_CONTROL_WINDOW_BYTES = 1024 * 1024;
const INITIAL_RECONNECT_BACKOFF_MS = 100;
const MIN_RESOLUTION_INTERVAL_MS = 2_000;

/**
 * The internal services, reached through @grpc/grpc-js with raw bytes. Throws a ConfigurationError for targets that
 * cannot be parsed. Connections are opened by the first call; while an upstream is down calls fail with UNAVAILABLE
 * at once, and it is tried again by itself.
 */
export function grpcJsUpstream(options: GrpcJsUpstreamOptions): Upstream {
  const problems = [...targetProblems(options.targets, { xds: true }), ...upstreamTlsProblems(options.tls)];
  if (problems.length > 0) throw new ConfigurationError(problems);
  if (Object.values(options.targets).some(isXds)) registerXds();
  const certificates = options.tls === undefined ? undefined : new UpstreamCertificates(options.tls);
  const channelCredentials = channelCredentialsOf(certificates);
  const channelOptions = channelOptionsOf(options);
  const byTarget = new Map<string, Client>();
  const byService = new Map<string, Client>();
  for (const [service, target] of Object.entries(options.targets)) {
    let client = byTarget.get(target);
    if (client === undefined) {
      client = new Client(target, channelCredentials, channelOptions);
      byTarget.set(target, client);
    }
    byService.set(service, client);
  }
  return new GrpcJsUpstream(byService, options, certificates);
}

function channelOptionsOf(options: GrpcJsUpstreamOptions): Record<string, number | string> {
  const balance = options.balance ?? "round_robin";
  const channelOptions: Record<string, number | string> = {
    ...(options.compressMinBytes === undefined ? {} : { "grpc.default_compression_algorithm": GZIP }),
    "grpc.max_receive_message_length": options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    // What may be sent is bounded by what was received.
    "grpc.max_send_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": INITIAL_RECONNECT_BACKOFF_MS,
    "grpc.max_reconnect_backoff_ms": options.maxReconnectBackoffMs ?? 2_000,
    "grpc.dns_min_time_between_resolutions_ms": MIN_RESOLUTION_INTERVAL_MS,
    // A service config from DNS could turn on retries of writes; ours is this one.
    "grpc.service_config_disable_resolution": 1,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ [balance]: {} }] }),
    // Retries stay enabled for the transparent ones alone, of calls that no server has seen: there is no retry policy.
    "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW_BYTES,
    // Connections are this upstream's own, so that closing it closes them.
    "grpc.use_local_subchannel_pool": 1,
    // Its bookkeeping for a debugging service that nobody serves costs CPU on every call.
    "grpc.enable_channelz": 0,
  };
  if (options.keepaliveTimeMs !== undefined) {
    channelOptions["grpc.keepalive_time_ms"] = options.keepaliveTimeMs;
  }
  if (options.tls?.serverName !== undefined) {
    channelOptions["grpc.ssl_target_name_override"] = options.tls.serverName;
    channelOptions["grpc.default_authority"] = options.tls.serverName;
  }
  return channelOptions;
}

class GrpcJsUpstream implements Upstream {
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #compressMinBytes: number;
  readonly #certificates: UpstreamCertificates | undefined;
  readonly #calls = new Set<{ close(): void }>();
  // The calls of one public call have the same metadata, mostly one after the other: the last conversion is kept.
  #lastSource: UpstreamContext["metadata"] | undefined;
  #lastMetadata = new Metadata();

  constructor(
    clients: ReadonlyMap<string, Client>,
    { compressMinBytes = Number.POSITIVE_INFINITY }: GrpcJsUpstreamOptions,
    certificates: UpstreamCertificates | undefined,
  ) {
    this.#clients = clients;
    this.#compressMinBytes = compressMinBytes;
    this.#certificates = certificates;
  }

  unary(method: Method, request: Uint8Array, context: UpstreamContext): Promise<Uint8Array> {
    const client = this.#clients.get(method.service);
    if (client === undefined) return Promise.reject(unreachable(method));
    let metadata: Metadata;
    try {
      metadata = this.#metadata(context.metadata, method);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    return new GrpcJsCall(method, context, this.#calls, this.#compressMinBytes).run(
      client,
      asBuffer(request),
      metadata,
    );
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

  #stream(
    method: Method,
    request: Uint8Array | AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): GrpcJsStream {
    const stream = new GrpcJsStream(method, context, this.#calls, this.#compressMinBytes);
    const client = this.#clients.get(method.service);
    try {
      if (client === undefined) throw unreachable(method);
      stream.start(client, this.#metadata(context.metadata, method), request);
    } catch (thrown) {
      stream.fail(thrown, request);
    }
    return stream;
  }

  async close(): Promise<void> {
    this.#certificates?.stop();
    for (const call of this.#calls) call.close();
    for (const client of new Set(this.#clients.values())) client.close();
  }

  #metadata(source: UpstreamContext["metadata"], method: Method): Metadata {
    if (source === this.#lastSource) return this.#lastMetadata;
    const metadata = new Metadata();
    try {
      for (const [key, value] of source) {
        if (key.endsWith("-bin")) metadata.add(key, Buffer.from(value, "base64"));
        else metadata.add(key, value);
      }
    } catch (thrown) {
      const text = String((thrown as Error).message ?? thrown);
      throw new UpstreamError(status.INTERNAL, text, method, { cause: thrown });
    }
    this.#lastSource = source;
    this.#lastMetadata = metadata;
    return metadata;
  }
}

function unreachable(method: Method): UpstreamError {
  return new UpstreamError(status.UNAVAILABLE, `no target for ${method.service}`, method);
}
