import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { testClient } from "./peers.test.support.js";

// A process of its own needs JavaScript; it is compiled to where its imports are found.
const runtime = fileURLToPath(new URL("../..", import.meta.url));
let directory: string;

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

const head = `
import { runGateway } from "./index.js";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const route = (name, handler) => ({ path: "/api.v1.Api/" + name, policy: { kind: "public" }, timeoutMs: 5000, kind: "unary", handler });
const api = { version: 1, upstreams: [], routes: [
  route("Slow", async (request) => { console.log("started"); await wait(500); return request; }),
  route("Crash", async (request) => { setTimeout(() => { throw new Error("boom"); }); await wait(200); return request; }),
] };
const options = { api, upstreams: {}, host: "127.0.0.1", port: 0 };
`;

function start(main: string) {
  const file = join(directory, `main-${Math.random().toString(36).slice(2)}.js`);
  writeFileSync(file, head + main);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (let i = 0; i < 500; i++) {
      const match = pattern.exec(stdout);
      if (match !== null) return match;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`not printed: ${pattern}; ${stdout} ${stderr}`);
  }
  return { child, exit, printed, stderr: () => stderr };
}

describe("runGateway", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("drains and exits with 0 on %s", async (signal) => {
    const { child, exit, printed } = start("runGateway(options);");
    const [, port] = await printed(/^portico: 2 methods on 127\.0\.0\.1:(\d+) \(gRPC, h2c\)\n/);
    const client = testClient(`127.0.0.1:${port}`);
    const outcome = client.unary("Slow", Buffer.from("x"));
    await printed(/started/);
    child.kill(signal);
    expect((await outcome).code).toBe(Code.OK);
    expect(await exit).toBe(0);
    client.close();
  });

  it("exits at once on a second signal", async () => {
    const { child, exit, printed } = start("runGateway(options);");
    const [, port] = await printed(/127\.0\.0\.1:(\d+)/);
    const client = testClient(`127.0.0.1:${port}`);
    const outcome = client.unary("Slow", Buffer.from("x"));
    await printed(/started/);
    child.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGTERM");
    expect(await exit).toBe(1);
    expect((await outcome).code).toBe(Code.UNAVAILABLE);
    client.close();
  });

  it("logs an exception that nobody caught, drains and exits with 1", async () => {
    const { exit, printed, stderr } = start("runGateway(options);");
    const [, port] = await printed(/127\.0\.0\.1:(\d+)/);
    const client = testClient(`127.0.0.1:${port}`);
    expect((await client.unary("Crash", Buffer.from("x"))).code).toBe(Code.OK);
    expect(await exit).toBe(1);
    expect(JSON.parse(stderr().split("\n")[0]!)).toMatchObject({
      level: "error",
      message: "uncaught exception",
    });
    client.close();
  });

  it("tells wrong options, all of them, and exits with 1", async () => {
    const { exit, stderr } = start("runGateway({ ...options, port: -1, limits: { maxCalls: 0 } });");
    expect(await exit).toBe(1);
    expect(stderr()).toMatch(/^portico: cannot start: \n {2}- port: -1 .*\n {2}- limits\.maxCalls: 0 .*\n$/);
  });

  it("tells what fails in making the options", async () => {
    const { exit, stderr } = start(
      `import { jwtAuthenticator } from "./index.js";
       runGateway(() => ({ ...options, authenticator: jwtAuthenticator({ issuer: "i", audience: "a", algorithms: ["none"], key: "k" }) }));`,
    );
    expect(await exit).toBe(1);
    expect(stderr()).toMatch(/^portico: cannot start: jwtAuthenticator: key: a string must be a PEM/);
  });

  it("tells of a port that is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const { exit, stderr } = start(`runGateway({ ...options, port: ${port} });`);
    expect(await exit).toBe(1);
    expect(stderr()).toMatch(/^portico: cannot start: listen EADDRINUSE.*\n$/);
    taken.close();
  });
});
