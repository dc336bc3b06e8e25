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

const FINDING = /^(?:\S+:\d+:\d+: )?([a-z-]+): .*\n(?: {2}|$)/gm;

/** The rules of the findings in an answer; the options of the plugin have a form of their own. */
function rulesIn(error: string): string[] {
  if (error.startsWith("option-plugin: ")) return ["option-plugin"];
  return [...error.matchAll(FINDING)].map((match) => match[1]!);
}

test("every rule has three cases, and every finding a rule", () => {
  const cases = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const { error } of responses)
    for (const rule of new Set(rulesIn(error))) cases.set(rule, (cases.get(rule) ?? 0) + 1);
  expect([...cases.keys()].sort()).toEqual([...ids].sort());
  expect([...cases].filter(([, count]) => count < 3)).toEqual([]);
});

test("one mistake is one finding, where the title does not say that there are more", () => {
  const several = paths
    .filter((path) => !path.endsWith("several.txt"))
    .flatMap((path) => readCases(path))
    .filter(({ name, expected }) => rulesIn(expected).length > 1 && !/\b(?:two|three)\b/.test(name));
  expect(several.map(({ name }) => name)).toEqual([]);
});

test("there are at least 200 wrong annotations", () => {
  expect(answers.filter((answer) => !answer.startsWith("no finding")).length).toBeGreaterThanOrEqual(200);
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
