import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Block, placeOf, root } from "./blocks.js";

/** What tsc says of the blocks, each a module beside the example's generated code; "" where nothing is wrong. */
export function typeErrors(blocks: readonly Block[]): string {
  mkdirSync(join(root, "test/out"), { recursive: true });
  const folder = mkdtempSync(join(root, "test/out/docs-"));
  try {
    cpSync(join(root, "gen"), join(folder, "gen"), { recursive: true });
    for (const block of blocks) {
      const name = placeOf(block).replace(/[^\w]+/g, "-");
      writeFileSync(join(folder, `${name}.ts`), `${block.rest}\n${block.text}\nexport {};\n`);
    }
    const config = {
      extends: "../../tsconfig.json",
      compilerOptions: {
        rootDir: "../../..",
        // Where a page shows a part, not all that it declares is used.
        noUnusedLocals: false,
        paths: {
          "@portico/runtime": ["../../../runtime/src/index.ts"],
          "@portico/runtime/generated": ["../../../runtime/src/generated.ts"],
        },
      },
      include: ["*.ts"],
      exclude: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"], {
      cwd: folder,
      encoding: "utf8",
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
