import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../support/compile.js";
import { blocksOf, pages, placeOf, root } from "./blocks.js";
import { sourcesOf } from "./proto.js";

// What the pages show is a walk through the whole language, so what is generated from it is too.

mkdirSync(join(root, "test/out"), { recursive: true });
const folder = mkdtempSync(join(root, "test/out/generated-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  for (const block of pages().flatMap(blocksOf)) {
    const { language, info } = block;
    if (language !== "proto" || info.excerpt !== undefined || info.file !== undefined) continue;
    for (const [name, content] of compile(sourcesOf(block)).files) {
      const path = join(folder, "code", placeOf(block).replace(/\W+/g, "-"), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: {
      rootDir: "../../..",
      paths: { "@portico/runtime/generated": ["../../../runtime/src/generated.ts"] },
    },
    include: ["**/*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
});

test("type-checks under strict, without anything unused", () => {
  expect(outputOf("tsc", "-p", folder)).toBe("");
});

test("is formatted", () => {
  // What git ignores it would not look at.
  expect(outputOf("biome", "format", "--vcs-use-ignore-file=false", join(folder, "code"))).toMatch(
    / No fixes applied\.\s*$/,
  );
});

/** What a tool of node_modules prints, whether it fails or not. */
function outputOf(tool: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin", tool), args, { encoding: "utf8" });
  return stdout + stderr;
}
