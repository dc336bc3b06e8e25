import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { rich } from "../differential/rich.js";
import { type Compiled, compile } from "../support/compile.js";
import { expressions } from "./expressions.js";
import { long } from "./long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = (name: string) => join(root, "node_modules/.bin", name);

describe.each([
  ["all shapes", rich],
  ["long names and many arguments", long],
  ["expressions", expressions],
])("the code for %s", (title, sources) => {
  let compiled: Compiled;

  beforeAll(() => {
    compiled = compile(sources);
    expect(compiled.error).toBeUndefined();
  });

  it("is as the formatter leaves it", () => {
    for (const [name, content] of compiled.files) {
      const formatted = execFileSync(bin("biome"), ["format", `--stdin-file-path=gen/${name}`], {
        cwd: root,
        input: content,
        stdio: ["pipe", "pipe", "ignore"],
        maxBuffer: 1 << 28,
      });
      expect(formatted.toString()).toBe(content);
    }
  });

  it("type-checks under strict, with nothing unused", () => {
    const folder = join(root, "test/out", `strict-${title.replace(/ /g, "-")}`);
    for (const [name, content] of compiled.files) {
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
      files: ["gateway.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    try {
      execFileSync(process.execPath, [bin("tsc"), "-p", folder], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      throw new Error(String((error as { stdout: Buffer }).stdout));
    }
  });

  it("is the same from run to run", () => {
    expect([...compile(sources).files]).toEqual([...compiled.files]);
  });
});
