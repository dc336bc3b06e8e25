import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What tsc says of generated files under `strict`, each problem a line that begins with the file's name. */
export function typeProblems(files: ReadonlyMap<string, string>): string[] {
  mkdirSync(join(root, "test/out"), { recursive: true });
  const folder = mkdtempSync(join(root, "test/out/fuzz-"));
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
      files: [...files.keys()],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/.bin/tsc"), "-p", "."], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    const problems = stdout.split("\n").filter((line) => line.includes("error TS"));
    return status === 0 || problems.length > 0 ? problems : [stdout];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
