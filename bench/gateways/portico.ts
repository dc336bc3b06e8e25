import { createGateway, type GatewayOptions, http2Upstream, jwtAuthenticator } from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import { type GatewayConfig, serveControl } from "../lib/control.js";

/** What is measured in other shapes of the same gateway; on the command line, as JSON. */
export interface PorticoVariant {
  readonly transport?: "http2" | "node";
  /** Nobody is asked for a token. */
  readonly open?: boolean;
}

const variant = JSON.parse(process.argv[2] ?? "{}") as PorticoVariant;

/** The options of the generated gateway. */
export function gatewayOptions(config: GatewayConfig, { transport, open }: PorticoVariant): GatewayOptions {
  const { upstreams, jwt, tls } = config;
  return {
    ...(open === true
      ? {
          api: {
            ...api,
            routes: api.routes.map((route) => ({ ...route, policy: { kind: "public" } as const })),
          },
        }
      : { api, authenticator: jwtAuthenticator({ ...jwt, algorithms: ["ES256"] }) }),
    upstreams:
      tls === undefined
        ? upstreams
        : http2Upstream({
            targets: upstreams,
            tls: { rootCerts: Buffer.from(tls.cert), serverName: "localhost" },
          }),
    host: "127.0.0.1",
    port: 0,
    ...(transport !== undefined && { transport }),
    ...(tls !== undefined && { tls }),
  };
}

serveControl({
  start: (config: GatewayConfig) => createGateway(gatewayOptions(config, variant)).listen(),
});
