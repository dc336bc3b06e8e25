// A process of its own: the upstreams that are asked at the same time, each of which takes its time.
import { setTimeout as delay } from "node:timers/promises";
import { createGateway, type Route } from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import { serveControl } from "../lib/control.js";
import { UPSTREAMS, upstreamPath, upstreamService } from "./generate.js";

/** How long the slowest takes; the others less, in equal steps. */
export const SLOWEST_MS = 20;

// A message of fan.v1.Part: text = "part".
const reply = Buffer.from([0x0a, 4, ...Buffer.from("part")]);

serveControl({
  async start(): Promise<Record<string, string>> {
    const started = Array.from({ length: UPSTREAMS }, async (_, i) => {
      const route: Route = {
        path: upstreamPath(i),
        kind: "unary",
        policy: { kind: "public" },
        timeoutMs: 60_000,
        async handler() {
          await delay((SLOWEST_MS * (i + 1)) / UPSTREAMS);
          return reply;
        },
      };
      const server = createGateway({
        api: { version: api.version, routes: [route], upstreams: [] },
        upstreams: {},
        host: "127.0.0.1",
        port: 0,
      });
      const { port } = await server.listen();
      return [upstreamService(i), `127.0.0.1:${port}`] as const;
    });
    return Object.fromEntries(await Promise.all(started));
  },
});
