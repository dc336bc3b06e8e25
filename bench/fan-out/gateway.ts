// A process of its own: the gateway that asks all upstreams at the same time.
import { pathToFileURL } from "node:url";
import { createGateway, type GatewayApi } from "@portico/runtime";
import { serveControl } from "../lib/control.js";
import { generatedFile } from "./generate.js";

serveControl({
  async start(upstreams: Readonly<Record<string, string>>) {
    const { api } = (await import(pathToFileURL(generatedFile).href)) as { api: GatewayApi };
    return createGateway({ api, upstreams, host: "127.0.0.1", port: 0 }).listen();
  },
});
