import { ConfigurationError } from "../configuration-error.js";
import { createGateway, type Gateway } from "./gateway.js";
import type { GatewayOptions } from "./gateway-options.js";
import { guardedLogger, jsonLogger, type Logger } from "./logger.js";

export interface RunOptions {
  /** How long requests under way may take after a signal to stop, in milliseconds. Default 30,000. */
  readonly graceMs?: number;
}

/**
 * A gateway as the main program of a process: listens, says so in one line, and exits by itself. SIGTERM and SIGINT
 * drain it and exit with 0, a second one exits at once; an exception that nobody caught is logged, and drains it too,
 * to exit with 1. Wrong options are told on standard error, and exit with 1.
 *
 * `options` may be a function, so that mistakes in making the options (keys, files) are told the same way.
 */
export async function runGateway(
  options: GatewayOptions | (() => GatewayOptions | Promise<GatewayOptions>),
  { graceMs = 30_000 }: RunOptions = {},
): Promise<void> {
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
    console.log(
      `portico: ${methods} ${methods === 1 ? "method" : "methods"} on ${address}:${port} (gRPC, ${scheme})`,
    );
  } catch (thrown) {
    console.error(`portico: cannot start: ${startText(thrown)}`);
    process.exit(1);
  }

  let stopping = false;
  async function stop(exitCode: number): Promise<void> {
    // Whoever asks twice does not want to wait.
    if (stopping) process.exit(1);
    stopping = true;
    // The exit must not depend on a drain that itself hangs.
    setTimeout(() => process.exit(1), graceMs + 5_000).unref();
    await gateway.close({ graceMs });
    process.exit(exitCode);
  }
  process.on("SIGTERM", () => void stop(0));
  process.on("SIGINT", () => void stop(0));
  // What state an exception leaves behind is unknown: finish what is under way, then let a new process take over.
  process.on("uncaughtException", (thrown) => {
    logger({ level: "error", message: "uncaught exception", cause: String(thrown?.stack ?? thrown) });
    if (!stopping) void stop(1);
  });
}

function startText(thrown: unknown): string {
  if (thrown instanceof ConfigurationError) return thrown.message;
  const { code, message, stack } = thrown as NodeJS.ErrnoException;
  // Errors of the system, such as EADDRINUSE, say it all in their message.
  return code !== undefined ? message : String(stack ?? thrown);
}
