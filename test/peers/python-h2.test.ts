import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { certificate, directory, isInstalled, run, startEcho } from "./support.js";

// python3-h2, a third implementation of HTTP/2 beside ours and nghttp2, which is strict about what it receives.

const script = fileURLToPath(new URL("raw_peer.py", import.meta.url));
// The distribution's own, where its package is, may not come first.
const python = ["python3", "/usr/bin/python3"].find((one) => isInstalled(one, "-c", "import h2"));

afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(python === undefined)(
  `python3-h2${python === undefined ? " (skipped: it is not installed)" : ""}`,
  () => {
    it.each([
      ["cleartext", undefined],
      ["TLS", certificate],
    ])("calls our front on %s", async (_name, identity) => {
      const { gateway, port } = await startEcho(identity?.());
      try {
        const secure = identity === undefined ? "plain" : "tls";
        const { output, code } = await run(python!, [script, String(port), secure]);
        expect(output).toBe("ok\n");
        expect(code).toBe(0);
      } finally {
        await gateway.close({ graceMs: 0 });
      }
    });
  },
);
