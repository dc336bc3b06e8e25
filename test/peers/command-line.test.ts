import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../runtime/src/server/gateway.js";
import { envelope, transports } from "../../runtime/src/server/peers.test.support.js";
import type { Transport } from "../../runtime/src/server/transport.js";
import { certificate, directory, isInstalled, LONG_VALUE, run, SERVICE, startEcho } from "./support.js";
import { securities } from "./upstream-suite.js";

// Clients of HTTP/2 that know nothing of gRPC, on nghttp2, against our front.

const small = join(directory, "small");
const zipped = join(directory, "zipped");
const large = join(directory, "large");
const gateways: Gateway[] = [];
let identity: ReturnType<typeof certificate>;

beforeAll(() => {
  identity = certificate();
  writeFileSync(small, envelope(Buffer.from("hello")));
  const message = gzipSync(Buffer.from("hello".repeat(100)));
  writeFileSync(zipped, envelope(message, { flag: 1 }));
  writeFileSync(large, envelope(Buffer.alloc(4 * 1024 * 1024, 97)));
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close({ graceMs: 0 });
});
afterAll(() => rmSync(directory, { recursive: true }));

async function start(
  { secure, transport }: { secure: boolean; transport: Transport },
  method = "Unary",
): Promise<string> {
  const compression = { responseMinBytes: 1 };
  const { gateway, port } = await startEcho(secure ? identity : undefined, { transport, compression });
  gateways.push(gateway);
  return `${secure ? "https" : "http"}://127.0.0.1:${port}/${SERVICE}/${method}`;
}

const fields = ["-H", "content-type: application/grpc", "-H", "te: trailers"];

function peer(program: string, tests: () => void): void {
  if (isInstalled(program, "--version")) describe(program, tests);
  else describe.skip(`${program} (skipped: it is not installed)`, tests);
}

const each = describe.each(
  transports.flatMap((transport) =>
    securities.map(([security, secure]) => ({ name: `${transport}, ${security}`, secure, transport })),
  ),
);
const kinds: Array<[string, number]> = [
  ["Unary", 1],
  ["ServerStream", 3],
  ["ClientStream", 1],
  ["BidiStream", 1],
];
const long = ["-H", `x-long: ${LONG_VALUE}`];
const gzip = ["-H", "grpc-encoding: gzip", "-H", "grpc-accept-encoding: gzip"];

peer("curl", () => {
  each("on $name", (front) => {
    const flags = [
      "-sS",
      "-i",
      "--max-time",
      "30",
      ...(front.secure ? ["-k", "--http2"] : ["--http2-prior-knowledge"]),
    ];
    const post = (url: string, file: string, more: readonly string[] = []) =>
      run("curl", [...flags, ...fields, ...more, "--data-binary", `@${file}`, "-X", "POST", url]);

    it.each(kinds)("gets the answer and the trailers of %s", async (method, count) => {
      const { output, code } = await post(await start(front, method), small);
      expect(code).toBe(0);
      expect(output).toMatch(/^HTTP\/2 200/);
      expect(output.split("hello")).toHaveLength(count + 1);
      expect(output).toMatch(/grpc-status: 0/);
    });

    it("gets 4 MiB back", async () => {
      const { output, code } = await post(await start(front), large);
      expect(code).toBe(0);
      expect(output.length).toBeGreaterThan(4 * 1024 * 1024);
      expect(output).toMatch(/grpc-status: 0/);
    });

    it.each(kinds)("gets the answer of %s in gzip, with long metadata", async (method, count) => {
      const { output, code } = await post(await start(front, method), zipped, [...gzip, ...long]);
      expect(code).toBe(0);
      expect(output).toMatch(/grpc-encoding: gzip/);
      expect(output).toMatch(/grpc-status: 0/);
      expect(output.split("\x1f\ufffd\b")).toHaveLength(count + 1);
    });

    it("gets a failure in the headers", async () => {
      const { output } = await post(await start(front, "Fail"), small);
      expect(output).toMatch(/grpc-status: 9/);
      expect(output).toMatch(/grpc-message: zu sp%C3%A4t, 100%25/);
    });

    it("is told that this is no page", async () => {
      const { output } = await run("curl", [...flags, await start(front)]);
      expect(output).toMatch(/^HTTP\/2 405/);
    });
  });
});

peer("nghttp", () => {
  each("on $name", (front) => {
    it("has many streams at once, with padding, on a connection with small windows", async () => {
      const url = await start(front);
      const shape = ["-m", "50", "-b", "100", "-w", "12", "-W", "14", "--no-dep", "-t", "30"];
      const { output, code } = await run("nghttp", ["-nv", ...shape, ...fields, "-d", small, url]);
      expect(code).toBe(0);
      expect(output.match(/grpc-status: 0/g)).toHaveLength(50);
      expect(output).not.toMatch(/RST_STREAM|error_code=(?!NO_ERROR)/);
    });

    it.each(kinds)("calls %s, with long metadata", async (method, count) => {
      const url = await start(front, method);
      const { output, code } = await run("nghttp", ["-nv", ...fields, ...long, "-d", small, url]);
      expect(code).toBe(0);
      expect(output).toMatch(/grpc-status: 0/);
      const sizes = [...output.matchAll(/recv \S*DATA\S* frame <length=(\d+)/g)].map(([, size]) =>
        Number(size),
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count * 10);
    });

    it("gets 4 MiB through small windows", async () => {
      const url = await start(front);
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
  each("on $name", (front) => {
    it.each([
      [1, 1_000],
      [10, 100],
      [20, 50],
    ])("has all requests answered: %i connections, %i streams", async (connections, streams) => {
      const url = await start(front);
      const shape = ["-n", "5000", "-c", String(connections), "-m", String(streams)];
      const { output, code } = await run("h2load", [...shape, ...fields, "-d", small, url]);
      expect(code).toBe(0);
      expect(output).toMatch(/5000 succeeded, 0 failed, 0 errored, 0 timeout/);
      expect(output).toMatch(/status codes: 5000 2xx/);
    });
  });
});
