// The generated gateway with two workers: this file runs in the first process, which serves nothing, and in each worker.
import cluster from "node:cluster";
import { createServer } from "node:net";
import { jwtAuthenticator, runGateway } from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import { type CpuTime, type GatewayConfig, serveControl } from "../lib/control.js";

const WORKERS = 2;
const CONFIG_VARIABLE = "PORTICO_BENCH_CONFIG";

/** What a worker says of itself when it is asked. */
interface Usage extends CpuTime {
  readonly requests: number;
}

if (cluster.isPrimary) serveControl({ start, cpu, requests });
else await work();

async function start(config: GatewayConfig): Promise<{ port: number }> {
  const port = await freePort();
  process.env[CONFIG_VARIABLE] = JSON.stringify({ ...config, port });
  await runGateway(() => Promise.reject(new Error("the first process serves nothing")), { workers: WORKERS });
  return { port };
}

/** Of all processes. */
async function cpu(): Promise<CpuTime> {
  const all: CpuTime[] = [process.cpuUsage(), ...(await usages())];
  return {
    user: all.reduce((sum, { user }) => sum + user, 0),
    system: all.reduce((sum, { system }) => sum + system, 0),
  };
}

/** The requests that each worker has served. */
async function requests(): Promise<number[]> {
  return (await usages()).map((usage) => usage.requests);
}

function usages(): Promise<Usage[]> {
  const workers = Object.values(cluster.workers ?? {});
  return Promise.all(
    workers.map(
      (worker) =>
        new Promise<Usage>((resolve) => {
          const hear = (message: { usage?: Usage }) => {
            if (message.usage === undefined) return;
            worker!.off("message", hear);
            resolve(message.usage);
          };
          worker!.on("message", hear);
          worker!.send("usage");
        }),
    ),
  );
}

async function work(): Promise<void> {
  const { port, upstreams, jwt } = JSON.parse(process.env[CONFIG_VARIABLE]!) as GatewayConfig & {
    port: number;
  };
  let served = 0;
  const routes = api.routes.map((route) => {
    if (route.kind !== "unary") return route;
    const { handler } = route;
    return {
      ...route,
      handler(...args: Parameters<typeof handler>) {
        served++;
        return handler(...args);
      },
    };
  });
  process.on("message", (message) => {
    if (message === "usage") process.send!({ usage: { ...process.cpuUsage(), requests: served } });
  });
  const authenticator = jwtAuthenticator({ ...jwt, algorithms: ["ES256"] });
  await runGateway({ api: { ...api, routes }, upstreams, authenticator, host: "127.0.0.1", port });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
