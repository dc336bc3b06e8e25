import { createGateway, jwtAuthenticator } from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import { type GatewayConfig, serveControl } from "../lib/control.js";

serveControl({
  async start({ upstreams, jwt }: GatewayConfig) {
    const authenticator = jwtAuthenticator({ ...jwt, algorithms: ["ES256"] });
    return createGateway({ api, upstreams, authenticator, host: "127.0.0.1", port: 0 }).listen();
  },
});
