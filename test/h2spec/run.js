// Runs h2spec (https://github.com/summerwind/h2spec) against our own HTTP/2, on cleartext and on TLS. Needs go, and what
// `npm run build` makes; arguments are passed on to h2spec ("http2/6.9.1", "-v"). Exits with 1 unless all cases pass.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { goTool } from "../support/go-tool.js";

const MODULE = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";
const server = fileURLToPath(new URL("server.js", import.meta.url));

const h2spec = goTool(MODULE);
if (h2spec === undefined) process.exit(0);

const directory = mkdtempSync(join(tmpdir(), "portico-h2spec-"));
let failed = false;
try {
  failed = (await run("cleartext", [], [])) || failed;
  failed = (await run("TLS", certificate(), ["-t", "-k"])) || failed;
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

/** One run against a server of its own; whether a case failed. */
async function run(name, serverArgs, args) {
  const child = spawn(process.execPath, [server, ...serverArgs], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const port = await new Promise((resolve, reject) => {
      createInterface(child.stdout).once("line", resolve);
      child.once("exit", () => reject(new Error("the server has ended")));
    });
    console.log(`h2spec on ${name}`);
    const target = ["-h", "127.0.0.1", "-p", port, "-S", "-P", "/healthz"];
    const { status } = spawnSync(h2spec, [...target, ...args, ...process.argv.slice(2)], {
      stdio: "inherit",
    });
    return status !== 0 || child.exitCode !== null;
  } finally {
    child.kill();
  }
}

/** A new key with a certificate that it signs itself. */
function certificate() {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=127.0.0.1", "-days", "2"];
  const args = ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert];
  execFileSync("openssl", args, { stdio: "ignore" });
  return [key, cert];
}
