import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { envelop } from "../../runtime/src/grpc/envelop.js";
import type { Gateway } from "../../runtime/src/server/gateway.js";
import { certificate, directory, isInstalled, run, SERVICE, startEcho } from "./support.js";

// Clients of HTTP/2 that know nothing of gRPC, on nghttp2, against our own front.

const small = join(directory, "small");
const large = join(directory, "large");
const gateways: Gateway[] = [];
let identity: ReturnType<typeof certificate>;

beforeAll(() => {
  identity = certificate();
  writeFileSync(small, envelop(Buffer.from("hello")));
  writeFileSync(large, envelop(new Uint8Array(4 * 1024 * 1024).fill(97)));
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close({ graceMs: 0 });
});
afterAll(() => rmSync(directory, { recursive: true }));

async function start(secure: boolean, method = "Unary"): Promise<string> {
  const { gateway, port } = await startEcho(secure ? identity : undefined);
  gateways.push(gateway);
  return `${secure ? "https" : "http"}://127.0.0.1:${port}/${SERVICE}/${method}`;
}

const fields = ["-H", "content-type: application/grpc", "-H", "te: trailers"];

function peer(program: string, tests: () => void): void {
  if (isInstalled(program, "--version")) describe(program, tests);
  else describe.skip(`${program} (skipped: it is not installed)`, tests);
}

const both = describe.each([
  ["cleartext", false],
  ["TLS", true],
] as const);

peer("curl", () => {
  both("on %s", (_name, secure) => {
    const flags = [
      "-sS",
      "-i",
      "--max-time",
      "30",
      ...(secure ? ["-k", "--http2"] : ["--http2-prior-knowledge"]),
    ];
    const post = (url: string, file: string) =>
      run("curl", [...flags, ...fields, "--data-binary", `@${file}`, "-X", "POST", url]);

    it.each([
      ["Unary", 1],
      ["ServerStream", 3],
      ["ClientStream", 1],
      ["BidiStream", 1],
    ])("gets the answer and the trailers of %s", async (method, count) => {
      const { output, code } = await post(await start(secure, method), small);
      expect(code).toBe(0);
      expect(output).toMatch(/^HTTP\/2 200/);
      expect(output.split("hello")).toHaveLength(count + 1);
      expect(output).toMatch(/grpc-status: 0/);
    });

    it("gets 4 MiB back", async () => {
      const { output, code } = await post(await start(secure), large);
      expect(code).toBe(0);
      expect(output.length).toBeGreaterThan(4 * 1024 * 1024);
      expect(output).toMatch(/grpc-status: 0/);
    });

    it("gets a failure in the headers", async () => {
      const { output } = await post(await start(secure, "Fail"), small);
      expect(output).toMatch(/grpc-status: 9/);
      expect(output).toMatch(/grpc-message: zu sp%C3%A4t, 100%25/);
    });

    it("is told that this is no page", async () => {
      const { output } = await run("curl", [...flags, await start(secure)]);
      expect(output).toMatch(/^HTTP\/2 405/);
    });
  });
});

peer("nghttp", () => {
  both("on %s", (_name, secure) => {
    it("has many streams at once, with padding, on a connection with small windows", async () => {
      const url = await start(secure);
      const shape = ["-m", "50", "-b", "100", "-w", "12", "-W", "14", "--no-dep", "-t", "30"];
      const { output, code } = await run("nghttp", ["-nv", ...shape, ...fields, "-d", small, url]);
      expect(code).toBe(0);
      expect(output.match(/grpc-status: 0/g)).toHaveLength(50);
      expect(output).not.toMatch(/RST_STREAM|error_code=(?!NO_ERROR)/);
    });

    it("gets 4 MiB through small windows", async () => {
      const url = await start(secure);
      const { output, code } = await run("nghttp", [
        "-nv",
        "-w",
        "14",
        "-W",
        "14",
        ...fields,
        "-d",
        large,
        url,
      ]);
      expect(code).toBe(0);
      expect(output).toMatch(/grpc-status: 0/);
    });
  });
});

peer("h2load", () => {
  both("on %s", (_name, secure) => {
    it.each([
      [1, 1_000],
      [10, 100],
      [20, 50],
    ])("has all requests answered: %i connections, %i streams", async (connections, streams) => {
      const url = await start(secure);
      const shape = ["-n", "5000", "-c", String(connections), "-m", String(streams)];
      const { output, code } = await run("h2load", [...shape, ...fields, "-d", small, url]);
      expect(code).toBe(0);
      expect(output).toMatch(/5000 succeeded, 0 failed, 0 errored, 0 timeout/);
      expect(output).toMatch(/status codes: 5000 2xx/);
    });
  });
});
