import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What tsc says of a file of resolvers beside generated files. */
export function typeErrorsOf(files: ReadonlyMap<string, string>, resolvers: string): string {
  const folder = join(root, `test/out/resolver-types-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, "resolvers.ts"), resolvers);
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
      files: [...[...files.keys()].filter((name) => name.endsWith(".ts")), "resolvers.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/.bin/tsc");
    execFileSync(process.execPath, [tsc, "-p", folder], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    return "";
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout ?? error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
