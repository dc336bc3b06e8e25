// `npm run generate`: runs buf from npm, and the plugins beside it, by buf.gen.yaml. Needs no network.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const onWindows = process.platform === "win32";

const { status, error } = spawnSync(join(bin, onWindows ? "buf.cmd" : "buf"), ["generate"], {
  cwd: root,
  stdio: "inherit",
  shell: onWindows,
  // buf looks its `local:` plugins up there.
  env: { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) },
});
if (error !== undefined) console.error(`generate: ${error.message}`);
process.exitCode = status ?? 1;
