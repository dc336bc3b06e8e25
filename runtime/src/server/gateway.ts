import { ConfigurationError } from "../configuration-error.js";
import { grpcJsUpstream } from "../upstream/grpc-js.js";
import { http2Upstream } from "../upstream/http2-upstream.js";
import type { Upstream } from "../upstream/upstream.js";
import type { Address, Front, ServerTls } from "./front.js";
import {
  connectionLimitsOf,
  type GatewayOptions,
  gatewayProblems,
  isUpstream,
  limitsOf,
} from "./gateway-options.js";
import { type Health, health } from "./health.js";
import { guardedLogger, jsonLogger } from "./logger.js";
import { nodeFront } from "./node-front.js";
import { ownFront } from "./own-front.js";
import { Pipeline } from "./pipeline.js";
import { readTls, TlsReload } from "./tls.js";
import { transportOf } from "./transport.js";

/** A gateway that can listen once and be closed. */
export interface Gateway {
  /** Starts to serve; resolves to the address, with the real port. Rejects if the address cannot be had. */
  listen(): Promise<Address>;
  /**
   * Drains: health says NOT_SERVING, clients are told to go elsewhere, requests under way may take `graceMs` more
   * (default 30,000), then what is left is cut. Resolves when all is closed; a second call waits for the first.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /**
   * Uses another key and certificate for the connections to come: `tls`, or else what the files of the options hold now,
   * which happens by itself within some seconds. Rejects if they do not fit, and leaves all as it is.
   */
  reloadTls(tls?: ServerTls): Promise<void>;
}

const DEFAULT_GRACE_MS = 30_000;

/** Makes a gateway of a generated api. Throws a ConfigurationError that lists all that is wrong with the options. */
export function createGateway(options: GatewayOptions): Gateway {
  const problems = gatewayProblems(options);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const limits = limitsOf(options);
  const logger = guardedLogger(options.logger ?? jsonLogger());
  const { api, upstreams, compression } = options;
  const transport = transportOf(options.transport);
  const makeUpstream = transport === "http2" ? http2Upstream : grpcJsUpstream;
  const own = isUpstream(upstreams)
    ? undefined
    : makeUpstream({
        targets: upstreams,
        maxMessageBytes: limits.maxUpstreamMessageBytes,
        compressMinBytes: compression?.requestMinBytes,
      });
  const checks = health([...new Set(api.routes.map(({ path }) => path.slice(1, path.lastIndexOf("/"))))]);
  const pipeline = new Pipeline({
    routes: [...api.routes, ...checks.routes],
    upstream: own ?? (upstreams as Upstream),
    limits,
    authenticator: options.authenticator,
    logger,
    forwardHeaders: options.forwardHeaders ?? [],
    compressMinBytes: compression?.responseMinBytes,
    config: options.config ?? {},
    resolvers:
      api.resolvers === undefined
        ? undefined
        : {
            functions: options.resolvers as Readonly<Record<string, unknown>>,
            clients: api.resolvers.clients,
          },
  });
  const makeFront = transport === "http2" ? ownFront : nodeFront;
  const tls = options.tls === undefined ? undefined : readTls(options.tls);
  const front = makeFront({
    host: options.host ?? "0.0.0.0",
    port: options.port ?? 8080,
    tls,
    limits: connectionLimitsOf(options),
    logger,
    serve: (stream) => pipeline.serve(stream),
  });
  const reload =
    tls === undefined ? undefined : new TlsReload(options.tls!, tls, (next) => front.setTls(next), logger);
  return gatewayOf(front, checks, own, reload);
}

function gatewayOf(
  front: Front,
  checks: Health,
  own: Upstream | undefined,
  reload: TlsReload | undefined,
): Gateway {
  let closed: Promise<void> | undefined;
  return {
    async listen() {
      const address = await front.listen();
      reload?.start();
      return address;
    },
    async reloadTls(tls) {
      if (reload === undefined) throw new Error("tls: the gateway was made without");
      await reload.reload(tls);
    },
    close({ graceMs = DEFAULT_GRACE_MS } = {}) {
      closed ??= (async () => {
        checks.drain();
        reload?.stop();
        await front.close(graceMs);
        await own?.close();
      })();
      return closed;
    },
  };
}
