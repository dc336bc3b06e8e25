import cluster from "node:cluster";
import { ConfigurationError } from "../configuration-error.js";
import { createGateway, type Gateway } from "./gateway.js";
import type { GatewayOptions } from "./gateway-options.js";
import { guardedLogger, jsonLogger, type Logger } from "./logger.js";
import { isPoolWorker, type WorkerMessage, WorkerPool, workersOf } from "./workers.js";

export interface RunOptions {
  /** How long requests under way may take after a signal to stop, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
  /**
   * Processes that serve the port between them; "auto": one for each core. They share nothing: limits are those of each,
   * and so are connections to upstreams. Default 1: this process alone.
   */
  readonly workers?: number | "auto";
}

type Options = GatewayOptions | (() => GatewayOptions | Promise<GatewayOptions>);

/**
 * A gateway as the main program of a process: listens, says so in one line, and exits by itself. SIGTERM and SIGINT
 * drain it and exit with 0, a second one exits at once; an exception that nobody caught is logged, and drains it too,
 * to exit with 1. Wrong options are told on standard error, and exit with 1.
 *
 * `options` may be a function, so that mistakes in making the options (keys, files) are told the same way.
 *
 * With `workers`, the program is run once more in each worker; the first process serves nothing itself, and replaces
 * workers that end.
 */
export async function runGateway(
  options: Options,
  { graceMs = 30_000, workers = 1 }: RunOptions = {},
): Promise<void> {
  const count = workersOf(workers);
  if (count === undefined) cannotStart(`workers: ${workers} is not a number of processes, or "auto"`);
  // In a worker of somebody else's cluster, there are enough of them already.
  if (count === 1 || !cluster.isPrimary) await serve(options, graceMs);
  else {
    const logger = (typeof options === "function" ? undefined : options.logger) ?? jsonLogger();
    console.log(await new WorkerPool(count, graceMs, guardedLogger(logger)).start());
  }
}

async function serve(options: Options, graceMs: number): Promise<void> {
  const inPool = isPoolWorker();
  let gateway: Gateway;
  let logger: Logger;
  try {
    const given = typeof options === "function" ? await options() : options;
    logger = guardedLogger(given.logger ?? jsonLogger());
    gateway = createGateway(given);
    const { host, port } = await gateway.listen();
    const methods = given.api.routes.length;
    const scheme = given.tls === undefined ? "h2c" : "h2";
    const address = host.includes(":") ? `[${host}]` : host;
    const text = `portico: ${methods} ${methods === 1 ? "method" : "methods"} on ${address}:${port} (gRPC, ${scheme})`;
    if (inPool) tellPrimary({ portico: "serving", text });
    else console.log(text);
  } catch (thrown) {
    cannotStart(startText(thrown));
  }

  let stopping = false;
  async function stop(exitCode: number): Promise<void> {
    if (stopping) {
      // Whoever asks twice does not want to wait. A worker hears a signal to all processes of a group twice, of which
      // once from its primary: that one ends it when it is asked twice.
      if (inPool) return;
      process.exit(1);
    }
    stopping = true;
    if (inPool) tellPrimary({ portico: "leaving" });
    // The exit must not depend on a drain that itself hangs.
    setTimeout(() => process.exit(1), graceMs + 5_000).unref();
    await gateway.close({ graceMs });
    process.exit(exitCode);
  }
  process.on("SIGTERM", () => void stop(0));
  // A terminal sends it to all processes; the primary then tells its workers.
  process.on("SIGINT", () => {
    if (!inPool) void stop(0);
  });
  // What state an exception leaves behind is unknown: finish what is under way, then let a new process take over.
  process.on("uncaughtException", (thrown) => {
    logger({ level: "error", message: "uncaught exception", cause: String(thrown?.stack ?? thrown) });
    if (!stopping) void stop(1);
  });
}

function tellPrimary(message: WorkerMessage): void {
  // A primary that is gone needs not be told; its workers end with it.
  process.send?.(message, undefined, undefined, () => {});
}

function cannotStart(text: string): never {
  console.error(`portico: cannot start: ${text}`);
  process.exit(1);
}

function startText(thrown: unknown): string {
  if (thrown instanceof ConfigurationError) return thrown.message;
  const { code, message, stack } = thrown as NodeJS.ErrnoException;
  // Errors of the system, such as EADDRINUSE, say it all in their message.
  return code !== undefined ? message : String(stack ?? thrown);
}
