// Test suites that are programs in Go, built once into a cache that `npm ci` empties.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LONGEST_MS = 600_000;

/** The program of a module (with its version), built if it is not there; undefined, with the reason told, if it cannot be. */
export function goTool(module) {
  const name = /([^/]+)@/.exec(module)[1];
  const directory = fileURLToPath(new URL(`../../node_modules/.cache/${name}/`, import.meta.url));
  const program = join(directory, name);
  if (existsSync(program)) return program;
  if (spawnSync("go", ["version"]).status !== 0) {
    console.log(`skipped: ${name} is built with go, which is not here`);
    return undefined;
  }
  mkdirSync(directory, { recursive: true });
  const installed = spawnSync("go", ["install", module], {
    env: { ...process.env, GOBIN: directory },
    stdio: "inherit",
    timeout: LONGEST_MS,
  });
  if (installed.status === 0) return program;
  console.log(`skipped: go could not install ${module}`);
  return undefined;
}
