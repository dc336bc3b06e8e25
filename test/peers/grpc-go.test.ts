import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { transports } from "../../runtime/src/server/peers.test.support.js";
import { certificate, directory, isInstalled, run, startEcho } from "./support.js";
import { securities, servesOurUpstreams, startServer } from "./upstream-suite.js";

// grpc-go at either end: its client against our front, our upstream against its server.

const program = join(directory, "peer");
const reason = build();

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

afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(reason !== undefined)(`grpc-go${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  describe.each(transports)("calls our front with the transport %s", (transport) => {
    describe.each(securities)("on %s", (_name, secure) => {
      it.each(["plain", "gzip"])("all kinds, %s", async (compression) => {
        const identity = secure ? certificate() : undefined;
        const { gateway, port } = await startEcho(identity, {
          transport,
          ...(compression === "gzip" ? { compression: { responseMinBytes: 1_000 } } : {}),
        });
        try {
          const trusted = identity === undefined ? [] : [identity.cert];
          const { output, code } = await run(program, [
            "client",
            `localhost:${port}`,
            compression,
            ...trusted,
          ]);
          expect(output).toBe("ok\n");
          expect(code).toBe(0);
        } finally {
          await gateway.close({ graceMs: 0 });
        }
      });
    });
  });

  servesOurUpstreams(
    (identity) =>
      startServer(program, ["server", ...(identity === undefined ? [] : [identity.cert, identity.key])]),
    { compresses: true },
  );
});
