import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { defaultLimits } from "../call/limits.js";
import { ConfigurationError } from "../configuration-error.js";
import { GrpcJsCall, notGrpc, replyTooLong } from "./grpc-js-call.js";
import { targetProblem } from "./target.js";
import { type Method, type Upstream, type UpstreamContext, UpstreamError } from "./upstream.js";

/** How the connections to the internal services are secured. PEM, as read from a file. */
export interface UpstreamTls {
  /** The authorities that upstream certificates must come from; default: those that Node.js trusts. */
  readonly rootCerts?: Buffer;
  /** The gateway's own key and certificate, for mutual TLS: both or none. */
  readonly key?: Buffer;
  readonly cert?: Buffer;
  /** The name that upstream certificates are checked against, instead of the target's host. */
  readonly serverName?: string;
}

export interface GrpcJsUpstreamOptions {
  /**
   * Where each internal service is: its full name -> "localhost:50051", "dns:///orders.internal:50051", … Services
   * with the same target share connections.
   */
  readonly targets: Readonly<Record<string, string>>;
  /** Default: cleartext. */
  readonly tls?: UpstreamTls;
  /** The longest reply that is accepted, in bytes; a longer one is refused before it is buffered. Default 4 MiB. */
  readonly maxMessageBytes?: number;
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

const FLOW_CONTROL_WINDOW_BYTES = 1024 * 1024;
const INITIAL_RECONNECT_BACKOFF_MS = 100;
const MIN_RESOLUTION_INTERVAL_MS = 2_000;

/**
 * The internal services, reached through @grpc/grpc-js with raw bytes. Throws a ConfigurationError for targets that
 * cannot be parsed. Connections are opened by the first call; while an upstream is down calls fail with UNAVAILABLE
 * at once, and it is tried again by itself.
 */
export function grpcJsUpstream(options: GrpcJsUpstreamOptions): Upstream {
  const problems = optionProblems(options);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const channelCredentials = channelCredentialsOf(options.tls);
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
  return new GrpcJsUpstream(byService);
}

function optionProblems(options: GrpcJsUpstreamOptions): string[] {
  const problems: string[] = [];
  for (const [service, target] of Object.entries(options.targets)) {
    const problem = targetProblem(target);
    if (problem !== undefined) problems.push(`target of ${service}: ${problem}`);
  }
  if ((options.tls?.key === undefined) !== (options.tls?.cert === undefined)) {
    problems.push("upstream tls: key and cert belong together; give both or none");
  }
  return problems;
}

function channelCredentialsOf(tls: UpstreamTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(tls.rootCerts ?? null, tls.key ?? null, tls.cert ?? null);
}

function channelOptionsOf(options: GrpcJsUpstreamOptions): Record<string, number | string> {
  const balance = options.balance ?? "round_robin";
  const channelOptions: Record<string, number | string> = {
    "grpc.max_receive_message_length": options.maxMessageBytes ?? defaultLimits.maxUpstreamMessageBytes,
    // What may be sent is bounded by what was received.
    "grpc.max_send_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": INITIAL_RECONNECT_BACKOFF_MS,
    "grpc.max_reconnect_backoff_ms": options.maxReconnectBackoffMs ?? 2_000,
    "grpc.dns_min_time_between_resolutions_ms": MIN_RESOLUTION_INTERVAL_MS,
    // A service config from DNS could turn on retries of writes; ours is this one.
    "grpc.service_config_disable_resolution": 1,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ [balance]: {} }] }),
    // Only the transparent retries of calls that no server has seen.
    "grpc.enable_retries": 0,
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
  readonly #calls = new Set<GrpcJsCall>();
  readonly #streams = new Set<ClientReadableStream<Uint8Array>>();
  #closed = false;
  // The calls of one public call have the same metadata, mostly one after the other: the last conversion is kept.
  #lastSource: UpstreamContext["metadata"] | undefined;
  #lastMetadata = new Metadata();

  constructor(clients: ReadonlyMap<string, Client>) {
    this.#clients = clients;
  }

  unary(method: Method, request: Uint8Array, context: UpstreamContext): Promise<Uint8Array> {
    const client = this.#clients.get(method.service);
    if (client === undefined) return Promise.reject(this.#unreachable(method));
    let metadata: Metadata;
    try {
      metadata = this.#metadata(context.metadata);
    } catch (thrown) {
      return Promise.reject(this.#failure(thrown, method));
    }
    return new GrpcJsCall(method, context, this.#calls).run(client, asBuffer(request), metadata);
  }

  async *serverStream(
    method: Method,
    request: Uint8Array,
    context: UpstreamContext,
  ): AsyncGenerator<Uint8Array, void> {
    const client = this.#clients.get(method.service);
    if (client === undefined) throw this.#unreachable(method);
    let stream: ClientReadableStream<Uint8Array> | undefined;
    let received: Metadata | undefined;
    let cancelled = false;
    const removeListener = context.onCancel(() => {
      cancelled = true;
      stream?.cancel();
    });
    try {
      if (cancelled) throw new UpstreamError(status.CANCELLED, "cancelled before it was sent", method);
      stream = client.makeServerStreamRequest(
        method.path,
        asBuffer,
        asBytes,
        request,
        this.#metadata(context.metadata),
        { deadline: context.deadlineMs },
      );
      this.#streams.add(stream);
      stream.once("metadata", (metadata) => {
        received = metadata;
      });
      // The stream asks the transport for the next message only when its own queue (16 messages) has room: a reader
      // that does not come back pauses the upstream by HTTP/2 flow control.
      for await (const message of stream as AsyncIterable<Uint8Array>) {
        if (message.byteLength > context.maxResponseBytes) throw replyTooLong(message, method, context);
        yield message;
      }
    } catch (thrown) {
      const failure = this.#failure(thrown, method);
      throw notGrpc(failure.code, received, method) ?? failure;
    } finally {
      removeListener();
      if (stream !== undefined) {
        this.#streams.delete(stream);
        // A reader that leaves early only destroys the Readable; the RPC has to be told. Its CANCELLED is then
        // emitted as an error that nobody waits for.
        stream.on("error", ignore);
        stream.cancel();
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const call of this.#calls) call.close();
    for (const stream of this.#streams) stream.cancel();
    for (const client of new Set(this.#clients.values())) client.close();
  }

  #unreachable(method: Method): UpstreamError {
    return new UpstreamError(status.UNAVAILABLE, `no target for ${method.service}`, method);
  }

  #failure(thrown: unknown, method: Method): UpstreamError {
    if (thrown instanceof UpstreamError) return thrown;
    const error = thrown as Partial<ServiceError>;
    const options = { cause: thrown };
    if (this.#closed)
      return new UpstreamError(status.UNAVAILABLE, "the upstream was closed", method, options);
    if (typeof error.code !== "number") {
      return new UpstreamError(status.INTERNAL, String(error.message ?? thrown), method, options);
    }
    return new UpstreamError(error.code, error.details ?? String(error.message), method, options);
  }

  #metadata(source: UpstreamContext["metadata"]): Metadata {
    if (source === this.#lastSource) return this.#lastMetadata;
    const metadata = new Metadata();
    for (const [key, value] of source) {
      if (key.endsWith("-bin")) metadata.add(key, Buffer.from(value, "base64"));
      else metadata.add(key, value);
    }
    this.#lastSource = source;
    this.#lastMetadata = metadata;
    return metadata;
  }
}

// grpc-js frames a message with Buffer's own methods; a view costs nothing, where a Uint8Array would fail.
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// A Buffer is a Uint8Array, which the types of Node.js 20 do not say in a way that current TypeScript accepts.
function asBytes(buffer: Buffer): Uint8Array {
  return buffer as unknown as Uint8Array;
}

function ignore(): void {}
