import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { GENERATED_VERSION } from "../call/route.js";

// A process of its own needs JavaScript; it is compiled to where its imports are found.
const runtime = fileURLToPath(new URL("../..", import.meta.url));
let directory: string;

/** Prepares for `start`. */
export function mainPrograms(): void {
  beforeAll(() => {
    directory = mkdtempSync(join(runtime, "../node_modules/.portico-test-"));
    writeFileSync(join(directory, "package.json"), '{"type":"module"}');
    const tsc = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
    const args = ["-p", runtime, "--outDir", directory, "--tsBuildInfoFile", join(directory, "info")];
    try {
      execFileSync(process.execPath, [tsc, ...args]);
    } catch {
      // Type errors are another check's affair; the code is there all the same.
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));
}

const head = `
import { runGateway } from "./index.js";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const route = (name, handler) => ({ path: "/api.v1.Api/" + name, policy: { kind: "public" }, timeoutMs: 5000, kind: "unary", handler });
const api = { version: ${GENERATED_VERSION}, upstreams: [], routes: [
  route("Slow", async (request) => { console.log("started"); await wait(500); return request; }),
  { ...route("Stuck", async () => { console.log("started"); await wait(120000); }), timeoutMs: 120000 },
  route("Pid", async () => new TextEncoder().encode(String(process.pid))),
  route("Crash", async (request) => { setTimeout(() => { throw new Error("boom"); }); await wait(200); return request; }),
] };
const options = { api, upstreams: {}, host: "127.0.0.1", port: 0 };
`;

/** Tells it to stop, again and again: signals that come before the first is noticed are one. Until it has. */
export async function insist({ child, exit }: Pick<Started, "child" | "exit">): Promise<number | null> {
  child.kill("SIGTERM");
  const again = setInterval(() => child.kill("SIGTERM"), 100);
  const code = await exit;
  clearInterval(again);
  return code;
}

/** A main program that runs. */
export interface Started {
  readonly child: ChildProcess;
  /** Its exit code, when it has ended; null if by a signal. */
  readonly exit: Promise<number | null>;
  /** Waits until this has been printed. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  stderr(): string;
}

/**
 * Runs `main` as the main program of a process; `runGateway`, `options` and `wait` are there. For a test file that has
 * called `mainPrograms`. With `detached`, it leads a group of processes.
 */
export function start(main: string, { detached = false } = {}): Started {
  const file = join(directory, `main-${Math.random().toString(36).slice(2)}.js`);
  writeFileSync(file, head + main);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"], detached });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (let i = 0; i < 3_000; i++) {
      const match = pattern.exec(stdout);
      if (match !== null) return match;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`not printed: ${pattern}; ${stdout} ${stderr}`);
  }
  return { child, exit, printed, stderr: () => stderr };
}
