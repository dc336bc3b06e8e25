import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { insist, mainPrograms, start } from "./main.test.support.js";
import { testClient } from "./peers.test.support.js";

mainPrograms();

describe("runGateway", () => {
  it.each([
    ["SIGTERM", "http2"],
    ["SIGINT", "http2"],
    ["SIGTERM", "node"],
  ] as const)("drains and exits with 0 on %s, with the transport %s", async (signal, transport) => {
    const { child, exit, printed } = start(`runGateway({ ...options, transport: "${transport}" });`);
    const [, port] = await printed(/^portico: 4 methods on 127\.0\.0\.1:(\d+) \(gRPC, h2c\)\n/);
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
    const outcome = client.unary("Stuck", Buffer.from("x"));
    await printed(/started/);
    expect(await insist({ child, exit })).toBe(1);
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
