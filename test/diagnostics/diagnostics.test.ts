import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { RULES } from "../../plugin/src/plan/rules.js";
import { readCases, runAll, updateCases } from "./case.js";

// Each case is run, and all that the plugin says is compared: place, line, caret, message and fix. See README.md.
const folder = fileURLToPath(new URL("cases", import.meta.url));
const paths = readdirSync(folder)
  .sort()
  .map((file) => join(folder, file));
const responses = runAll(paths.flatMap((path) => readCases(path)));
const answers = responses.map(({ error, file }) => error || `no finding, ${file.length} files`);

let first = 0;
for (const path of paths) {
  const said = answers.slice(first, first + readCases(path).length);
  first += said.length;
  if (process.env.UPDATE) updateCases(path, said);
  describe(path.slice(folder.length + 1), () => {
    readCases(path).forEach((one, index) => {
      test(one.name, () => {
        expect(said[index]).toBe(one.expected);
      });
    });
  });
}

const ids = Object.keys(RULES);

test("every rule has a case, and every finding a rule", () => {
  const found = new Set<string>();
  for (const { error } of responses) {
    for (const match of error.matchAll(/^(?:\S+:\d+:\d+: )?([a-z-]+): .*\n(?: {2}|$)/gm))
      found.add(match[1]!);
  }
  if (responses.some(({ error }) => error.startsWith("option-plugin: "))) found.add("option-plugin");
  expect([...found].sort()).toEqual([...ids].sort());
});

test("every rule is in the documentation", () => {
  const text = readFileSync(new URL("../../docs/diagnostics.md", import.meta.url), "utf8");
  const documented = [...text.matchAll(/^### `([a-z-]+)`$/gm)].map((match) => match[1]);
  expect(documented).toEqual([...new Set(documented)]);
  expect([...documented].sort()).toEqual([...ids].sort());
});

test("findings come without files, and files without findings", () => {
  for (const { error, file } of responses) expect(error === "").toBe(file.length > 0);
});
