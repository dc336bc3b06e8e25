import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes an empty directory that is removed when this process ends. */
export function makeTempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "portico-bench-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
