import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { insist, mainPrograms, type Started, start } from "./main.test.support.js";
import { type TestClient, testClient, transports } from "./peers.test.support.js";
import type { Transport } from "./transport.js";
import { restartDelayMs, workersOf } from "./workers.js";

mainPrograms();

const opened: TestClient[] = [];
afterEach(() => {
  for (const client of opened.splice(0)) client.close();
});

const twoWorkers = (transport: Transport) =>
  `runGateway({ ...options, transport: "${transport}" }, { workers: 2 });`;

describe("workers", () => {
  it.each(transports)("serve one port, with as many connections each, on %s", async (transport) => {
    const { child, exit, clients } = await serve(16, { transport });
    const calls = new Map<string, number>();
    for (const client of clients) {
      const pids = await Promise.all(Array.from({ length: 10 }, () => pidOf(client)));
      // A connection is one worker's.
      expect(new Set(pids).size).toBe(1);
      calls.set(pids[0]!, (calls.get(pids[0]!) ?? 0) + pids.length);
    }
    expect(calls.size).toBe(2);
    expect(calls.has(String(child.pid))).toBe(false);
    for (const count of calls.values()) {
      expect(count).toBeGreaterThanOrEqual(160 * 0.4);
      expect(count).toBeLessThanOrEqual(160 * 0.6);
    }
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    for (const pid of calls.keys()) expect(isRunning(Number(pid))).toBe(false);
  });

  it.each([
    ["the first process alone", (pid: number) => process.kill(pid, "SIGTERM")],
    ["all of them, as a service manager does", (pid: number) => process.kill(-pid, "SIGTERM")],
    ["all of them, as a terminal does", (pid: number) => process.kill(-pid, "SIGINT")],
  ])("drain, when a signal to stop comes to %s", async (_name, signal) => {
    const { child, exit, clients, printed } = await serve(4, { detached: true });
    const outcomes = clients.map((client) => client.unary("Slow", Buffer.from("x")));
    await printed(/(?:started\n){4}/);
    signal(child.pid!);
    for (const { code } of await Promise.all(outcomes)) expect(code).toBe(Code.OK);
    expect(await exit).toBe(0);
  });

  it("end at once on a second signal", async () => {
    const { child, exit, clients, printed } = await serve(2);
    const outcomes = clients.map((client) => client.unary("Stuck", Buffer.from("x")));
    await printed(/(?:started\n){2}/);
    expect(await insist({ child, exit })).toBe(1);
    for (const { code } of await Promise.all(outcomes)) expect(code).not.toBe(Code.OK);
  });

  it.each([
    ["is killed", (pid: string) => void process.kill(Number(pid), "SIGKILL"), /signal SIGKILL/],
    ["has thrown", (_pid: string, client: TestClient) => void client.unary("Crash"), /exit code 1/],
    ["was told to stop", (pid: string) => void process.kill(Number(pid), "SIGTERM"), /exit code 0/],
  ])("are replaced when one %s; the other goes on", async (_name, end, logged) => {
    const { child, exit, stderr, port, clients } = await serve(2);
    const [first, second] = await Promise.all(clients.map(pidOf));
    expect(first).not.toBe(second);
    end(first!, clients[0]!);
    await eventually(async () => logged.test(stderr()));
    expect(await pidOf(clients[1]!)).toBe(second);
    // New connections find the new one as well.
    await eventually(async () => {
      const client = testClient(`127.0.0.1:${port}`);
      const pid = await pidOf(client);
      client.close();
      return pid !== first && pid !== second && pid !== "";
    });
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
  });

  it("end when the first process is killed", async () => {
    const { child, clients } = await serve(2);
    child.kill("SIGKILL");
    for (const client of clients) {
      await eventually(async () => (await client.unary("Pid")).code === Code.UNAVAILABLE);
    }
  });

  it("tell wrong options once, and exit with 1", async () => {
    const { exit, stderr } = start("runGateway({ ...options, port: -1 }, { workers: 4 });");
    expect(await exit).toBe(1);
    expect(stderr()).toMatch(/^portico: cannot start: port: -1 [^\n]*\n$/);
    const wrong = start("runGateway(options, { workers: 0 });");
    expect(await wrong.exit).toBe(1);
    expect(wrong.stderr()).toMatch(/^portico: cannot start: workers: 0 is not a number of processes/);
  });

  it("are started again ever more slowly, if they do not live", () => {
    expect([0, 1, 2, 3, 7, 8, 100].map(restartDelayMs)).toEqual([0, 100, 200, 400, 6_400, 10_000, 10_000]);
  });

  it("are counted", () => {
    expect(workersOf("auto")).toBeGreaterThan(0);
    expect([1, 64].map(workersOf)).toEqual([1, 64]);
    expect([0, -1, 1.5, Number.NaN, 5_000].map(workersOf)).toEqual(new Array(5).fill(undefined));
  });
});

interface Served extends Started {
  readonly port: number;
  readonly clients: readonly TestClient[];
}

/** Two workers, and clients that have connected to them, one after another. */
async function serve(
  clientCount: number,
  { transport = "http2", ...options }: { detached?: boolean; transport?: Transport } = {},
): Promise<Served> {
  const started = start(twoWorkers(transport), options);
  const [, port] = await started.printed(
    /^portico: 4 methods on 127\.0\.0\.1:(\d+) \(gRPC, h2c\), 2 workers\n/,
  );
  const clients: TestClient[] = [];
  for (let i = 0; i < clientCount; i++) {
    const client = testClient(`127.0.0.1:${port}`);
    await pidOf(client);
    clients.push(client);
    opened.push(client);
  }
  return { ...started, port: Number(port), clients };
}

/** The process that has answered; "" if none has. */
async function pidOf(client: TestClient): Promise<string> {
  const { reply } = await client.unary("Pid");
  return reply?.toString() ?? "";
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until it is so; fails when the test's time is over. */
async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
