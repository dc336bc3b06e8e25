import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string) => join(root, "node_modules/.bin", name);

/**
 * What tsc says of files under `strict`, with nothing unused: each problem begins a line with the file's name; "" where
 * there is none. The runtime that they import is that of the sources.
 */
export function typeErrors(files: ReadonlyMap<string, string>): string {
  mkdirSync(join(root, "test/out"), { recursive: true });
  const folder = mkdtempSync(join(root, "test/out/types-"));
  try {
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const config = {
      extends: "../../../tsconfig.base.json",
      compilerOptions: {
        composite: false,
        declaration: false,
        noEmit: true,
        paths: {
          "@portico/runtime": ["../../../runtime/src/index.ts"],
          "@portico/runtime/generated": ["../../../runtime/src/generated.ts"],
        },
      },
      files: [...files.keys()].filter((name) => name.endsWith(".ts")),
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout, stderr } = spawnSync(bin("tsc"), ["-p", "."], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (status === 0) return "";
    return stdout + stderr || `tsc ended with ${status}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file of generated code as the formatter leaves it. */
export function formatted(name: string, content: string): string {
  return execFileSync(bin("biome"), ["format", `--stdin-file-path=gen/${name}`], {
    cwd: root,
    input: content,
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
}
