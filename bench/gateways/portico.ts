import {
  createGateway,
  type GatewayOptions,
  http2Upstream,
  jwtAuthenticator,
  type Route,
} from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import { bigAnswer } from "../lib/big-answer.js";
import { type GatewayConfig, serveControl } from "../lib/control.js";

/** What is measured in other shapes of the same gateway; on the command line, as JSON. */
export interface PorticoVariant {
  readonly transport?: "http2" | "node";
  /** Nobody is asked for a token. */
  readonly open?: boolean;
  /** As many connections as are measured may come from one address; one method more gives long answers. */
  readonly many?: boolean;
}

const variant = JSON.parse(process.argv[2] ?? "{}") as PorticoVariant;

/** The options of the generated gateway. */
function gatewayOptions({ upstreams, jwt, tls }: GatewayConfig): GatewayOptions {
  const { transport, open, many } = variant;
  const serverTls = tls && { rootCerts: Buffer.from(tls.cert), serverName: "localhost" };
  return {
    api: {
      ...api,
      routes: [...api.routes.map(open === true ? toAll : same), ...(many === true ? [big] : [])],
    },
    ...(open !== true && { authenticator: jwtAuthenticator({ ...jwt, algorithms: ["ES256"] }) }),
    upstreams: serverTls === undefined ? upstreams : http2Upstream({ targets: upstreams, tls: serverTls }),
    host: "127.0.0.1",
    port: 0,
    ...(transport !== undefined && { transport }),
    ...(tls !== undefined && { tls }),
    ...(many === true && { connections: manyConnections }),
  };
}

const manyConnections = { maxConnections: 20_000, maxConnectionsPerAddress: 20_000 };

const big: Route = {
  path: bigAnswer.path,
  kind: "unary",
  policy: { kind: "public" },
  timeoutMs: 60_000,
  handler: async () => new Uint8Array(bigAnswer.bytes),
};

function same(route: Route): Route {
  return route;
}

function toAll(route: Route): Route {
  return { ...route, policy: { kind: "public" } };
}

serveControl({
  start: (config: GatewayConfig) => createGateway(gatewayOptions(config)).listen(),
});
