import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createClient } from "./client.js";
import { openOut, readOut } from "./out.js";

/** The gateway, in a process of its own, as a user would run it. */
export interface GatewayProcess {
  /** "127.0.0.1:8080" */
  readonly target: string;
  /** Resolves when the process has ended, to how: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
  /**
   * Asks it to shut down; kills it if it has not within 5 seconds. After a Ctrl-C, which the terminal sends to it as
   * well, it is the second to ask, and the gateway ends at once.
   */
  stop(): Promise<void>;
}

/** The file of `example/out` that has what the gateway logs: among the lines of the transcript it would be in the way. */
export const gatewayLog = "gateway.log";

const startTimeoutMs = 15_000;
const stopTimeoutMs = 5_000;

/** Starts `gateway.js` and waits until it takes connections. Rejects, with the process ended, when it does not. */
export async function startGateway(port: number, env: NodeJS.ProcessEnv): Promise<GatewayProcess> {
  const target = `127.0.0.1:${port}`;
  const log = await openOut(gatewayLog);
  const child = fork(fileURLToPath(new URL("../gateway.js", import.meta.url)), {
    env: { ...process.env, ...env, PORT: String(port) },
    execArgv: ["--import", new URL("exit-with-parent.js", import.meta.url).href],
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  const ended = once(child, "exit").then(([code, signal]) => signal ?? `exit code ${code}`);
  await log.close();
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  };
  const client = createClient(target);
  try {
    await Promise.race([
      client.ready(startTimeoutMs).catch((cause: unknown) => {
        throw new Error(`the gateway does not listen on ${target} after ${startTimeoutMs / 1000} s`, {
          cause,
        });
      }),
      ended.then(async (how) => {
        throw new Error(`the gateway ended before it listened (${how}):\n${await readOut(gatewayLog)}`);
      }),
    ]);
    return { target, ended, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  } finally {
    client.close();
  }
}
