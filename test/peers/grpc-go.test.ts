import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../../runtime/src/call/error.js";
import { http2Upstream } from "../../runtime/src/upstream/http2-upstream.js";
import { failureOf, testContext } from "../../runtime/src/upstream/raw-peer.test.support.js";
import type { Method, RpcKind, Upstream } from "../../runtime/src/upstream/upstream.js";
import { certificate, directory, FAILURE_TEXT, isInstalled, run, SERVICE, startEcho } from "./support.js";

// grpc-go at either end: its client against our front, our upstream against its server.

const MiB = 1024 * 1024;
const program = join(directory, "peer");
const reason = build();
let identity: ReturnType<typeof certificate>;

/** Builds the peer; gives why it cannot be. */
function build(): string | undefined {
  if (!isInstalled("go", "version")) return "go is not installed";
  const source = join(directory, "grpc-go");
  cpSync(fileURLToPath(new URL("grpc-go", import.meta.url)), source, { recursive: true });
  const options = { cwd: source, stdio: "ignore", timeout: 240_000 } as const;
  if (spawnSync("go", ["mod", "download"], options).status !== 0) return "go cannot get grpc-go";
  execFileSync("go", ["build", "-o", program, "."], { ...options, stdio: "inherit" });
  return undefined;
}

beforeAll(() => {
  identity = certificate();
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(reason !== undefined)(`grpc-go${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  describe.each([
    ["cleartext", false],
    ["TLS", true],
  ] as const)("on %s", (_name, secure) => {
    it.each(["plain", "gzip"])("calls our front, all kinds, %s", async (compression) => {
      const answers = compression === "gzip" ? { responseMinBytes: 1_000 } : undefined;
      const { gateway, port } = await startEcho(secure ? identity : undefined, answers);
      try {
        const trusted = secure ? [identity.cert] : [];
        const { output, code } = await run(program, ["client", `localhost:${port}`, compression, ...trusted]);
        expect(output).toBe("ok\n");
        expect(code).toBe(0);
      } finally {
        await gateway.close({ graceMs: 0 });
      }
    });

    describe("serves our upstream", () => {
      let server: ChildProcess;
      let upstream: Upstream;
      let compressing: Upstream;

      beforeAll(async () => {
        const pair = secure ? [identity.cert, identity.key] : [];
        const child = spawn(program, ["server", ...pair], { stdio: ["pipe", "pipe", "inherit"] });
        server = child;
        const port = await new Promise<string>((resolve, reject) => {
          createInterface(child.stdout).once("line", resolve);
          child.once("exit", () => reject(new Error("the server has ended")));
        });
        const options = {
          targets: { [SERVICE]: `localhost:${port}` },
          maxMessageBytes: 8 * MiB,
          ...(secure ? { tls: { rootCerts: readFileSync(identity.cert) } } : {}),
        };
        upstream = http2Upstream(options);
        compressing = http2Upstream({ ...options, compressMinBytes: 1_000 });
      });
      afterAll(async () => {
        await upstream.close();
        await compressing.close();
        server.kill();
      });

      const context = (metadata: Array<readonly [string, string]> = []) =>
        testContext({ deadlineMs: Date.now() + 30_000, maxResponseBytes: 8 * MiB, metadata });
      let last = context();
      // Whatever came of a call, nothing of it is left.
      afterEach(() => expect(last.listeners.size).toBe(0));

      describe.each([
        ["as they are", [], false],
        ["in gzip", [["x-gzip", "1"] as const], false],
        ["in gzip to requests in gzip", [["x-gzip", "1"] as const], true],
        ["with long metadata", [["x-long", "v".repeat(8_000)] as const], false],
      ])("replies %s", (_replies, metadata, compress) => {
        it.each([0, 1, 70_000, 4 * MiB])("of %i bytes, all kinds", async (length) => {
          const message = new Uint8Array(length).fill(7);
          const same = (reply: Uint8Array) => Buffer.compare(reply, message) === 0;
          last = context([...metadata]);
          const through = compress ? compressing : upstream;
          expect(same(await through.unary(method("Unary", "unary"), message, last))).toBe(true);
          const three = await collect(
            through.serverStream(method("ServerStream", "server_streaming"), message, last),
          );
          expect(three.map(same)).toEqual([true, true, true]);
          const gathered = await through.clientStream(
            method("ClientStream", "client_streaming"),
            listOf(message, message),
            last,
          );
          expect(gathered.byteLength).toBe(2 * length);
          const echoed = await collect(
            through.bidiStream(method("BidiStream", "bidi_streaming"), listOf(message, message), last),
          );
          expect(echoed.map(same)).toEqual([true, true]);
        });
      });

      it("a thousand calls at once", async () => {
        last = context();
        const replies = await Promise.all(
          Array.from({ length: 1_000 }, (_, i) =>
            upstream.unary(method("Unary", "unary"), Uint8Array.of(i & 0xff), last),
          ),
        );
        expect(replies.every(([byte], i) => byte === (i & 0xff))).toBe(true);
      });

      it("with failures", async () => {
        last = context();
        const failure = await failureOf(upstream.unary(method("Fail", "unary"), new Uint8Array(1), last));
        expect(failure).toMatchObject({ code: Code.FAILED_PRECONDITION, message: FAILURE_TEXT });
      });
    });
  });
});

const method = (name: string, kind: RpcKind): Method => ({
  service: SERVICE,
  name,
  path: `/${SERVICE}/${name}`,
  kind,
});

async function* listOf(...messages: Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* messages;
}

async function collect(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
