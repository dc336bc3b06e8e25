import { type GatewayConfig, serveControl } from "../../lib/control.js";
import { startGateway } from "./gateway.js";

serveControl({
  start: async (config: GatewayConfig) => ({ port: await startGateway(config) }),
});
