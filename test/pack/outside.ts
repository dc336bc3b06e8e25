import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
import { promisify } from "node:util";

/** Runs a command of a page in a shell; gives what it prints. Rejects, with its output, unless it exits with 0. */
export async function sh(command: string, cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", command], {
    cwd,
    env: outsideEnv(),
    timeout: 120_000,
    maxBuffer: 1 << 26,
  }).catch((error: { message: string; stdout?: string; stderr?: string }) => {
    throw new Error(`${command}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

/** A server that a page starts. */
export interface Served {
  /** The first line that it prints. */
  readonly line: string;
  /** Asks it to end by SIGTERM; gives its exit code. Kills it after 10 seconds. */
  stop(): Promise<number | null>;
}

/** Starts a server by a command of a page, and waits for its first line. */
export async function serve(command: string, cwd: string, env: Record<string, string>): Promise<Served> {
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd,
    env: { ...outsideEnv(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => stopChild(child);
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const line = new Promise<string>((resolve, reject) => {
    let stdout = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes("\n")) resolve(stdout.split("\n")[0]!);
    });
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}:\n${stderr}`)));
    child.once("error", reject);
    setTimeout(() => reject(new Error(`${command} does not listen:\n${stderr}`)), 15_000).unref();
  });
  try {
    return { line: await line, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function stopChild(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exit;
  clearTimeout(timer);
  return child.exitCode;
}

/** The environment without what `npm test` has put into it: no programs of this repository, no settings of its run. */
function outsideEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(npm_(package|lifecycle)_|npm_config_(local_prefix|workspace)|VITEST|NODE_|INIT_CWD$)/.test(name))
      continue;
    env[name] = value;
  }
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return { ...env, PATH: path.join(delimiter) };
}
