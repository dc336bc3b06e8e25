// Runs connectrpc/conformance against Portico's front (server mode) and its upstream (client mode): gRPC over HTTP/2, on
// cleartext, TLS and mutual TLS. Needs go, and what `npm run build` makes; arguments are passed on to the suite's runner
// ("--run", "**/unary/**", "-v", "--trace"). Exits with 1 unless all cases pass.
//
// The front is tested on both transports, or on the one that PORTICO_TRANSPORT names.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goTool } from "../support/go-tool.js";

// The version that proto/ is of.
const MODULE = "connectrpc.com/conformance/cmd/connectconformance@v1.0.7";
const LONGEST_MS = 300_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const runner = goTool(MODULE);
if (runner === undefined) process.exit(0);

const directory = mkdtempSync(join(tmpdir(), "portico-conformance-"));
const image = join(directory, "image.binpb");
let passed = true;
try {
  execFileSync(here("../../node_modules/.bin/buf"), ["build", here("proto"), "-o", image], {
    stdio: "inherit",
  });
  const { PORTICO_TRANSPORT: only } = process.env;
  for (const transport of only ? [only] : ["http2", "node"]) passed = run("server", transport) && passed;
  passed = run("client", "http2") && passed;
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = passed ? 0 : 1;

/** One mode; whether all cases passed. */
function run(mode, transport) {
  console.log(`conformance: ${mode} mode, transport ${transport}`);
  const args = ["--mode", mode, "--conf", here(`config/${mode}.yaml`)];
  const known = ["--known-failing", `@${here("config/known-failures.txt")}`];
  const program = ["--", process.execPath, here(`${mode}.js`)];
  const { status } = spawnSync(runner, [...args, ...known, ...process.argv.slice(2), ...program], {
    env: { ...process.env, CONFORMANCE_IMAGE: image, PORTICO_TRANSPORT: transport },
    stdio: "inherit",
    timeout: LONGEST_MS,
  });
  return status === 0;
}
