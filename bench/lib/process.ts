import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CONTROL_FD } from "./control.js";

/** A process that serves control.ts's commands. */
export interface ControlledProcess {
  readonly name: string;
  /** Runs one command at a time. Rejects when the process says so, dies, or takes longer than `timeoutMs`. */
  request<T>(command: string, argument?: unknown, timeoutMs?: number): Promise<T>;
  /** Ends the process: asks first, kills after 5 s. */
  stop(): Promise<void>;
}

/** What to run: any program that speaks control.ts's protocol. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const REQUEST_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const LOG_TAIL_CHARS = 8_192;

const running = new Set<ChildProcess>();

// Children end by themselves when their stdin does; this is for those that are too busy to notice.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

/** Starts a process and answers once it runs; its `start` command is the caller's to send. */
export function startProcess(spec: ProcessSpec): ControlledProcess {
  const { name } = spec;
  const child = spawn(spec.command, spec.args, { stdio: ["pipe", "pipe", "pipe", "pipe"] });
  running.add(child);

  let log = "";
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-LOG_TAIL_CHARS);
  };
  child.stdout!.on("data", keep);
  child.stderr!.on("data", keep);

  let pending: { resolve(value: unknown): void; reject(cause: Error): void } | undefined;
  let stopping = false;
  let failure: Error | undefined;
  const fail = (text: string) => {
    failure ??= new Error(`${name}: ${text}${log === "" ? "" : `\n${log}`}`);
    pending?.reject(failure);
  };
  const exited = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      running.delete(child);
      fail(error.message);
      resolve();
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      if (!stopping) fail(`ended by itself (${signal ?? `exit code ${code}`})`);
      resolve();
    });
  });
  // A write to a process that has just died: the close event says it better.
  child.stdin!.on("error", () => {});

  createInterface({ input: child.stdio[CONTROL_FD] as Readable }).on("line", (line) => {
    const message = JSON.parse(line) as { result?: unknown; error?: string };
    if (message.error === undefined) pending?.resolve(message.result);
    else pending?.reject(new Error(`${name}: ${message.error}`));
  });

  return {
    name,
    async request<T>(command: string, argument?: unknown, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
      if (failure !== undefined) throw failure;
      const timer = setTimeout(() => fail(`no reply to "${command}" in ${timeoutMs} ms`), timeoutMs);
      try {
        return await new Promise<T>((resolve, reject) => {
          pending = { resolve: resolve as (value: unknown) => void, reject };
          child.stdin!.write(`${JSON.stringify({ command, argument })}\n`);
        });
      } finally {
        clearTimeout(timer);
        pending = undefined;
      }
    },
    async stop(): Promise<void> {
      stopping = true;
      child.stdin!.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
