import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

interface Mutant {
  readonly rule: string;
  readonly file: string;
  readonly find: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const { mutants } = (await import(new URL("mutants.js", import.meta.url).href)) as {
  mutants: readonly Mutant[];
};

it("there are at least 40 mutants, each of a rule of its own", () => {
  expect(new Set(mutants.map(({ rule }) => rule)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(40);
});

// Whether tests notice them is for `npm run mutants`; here, that whoever rewrites code rewrites its mutant.
it.each(mutants.map(({ rule, file, find }) => [rule, file, find] as const))(
  "%s: its text is there once",
  (_, file, find) => {
    expect(readFileSync(`${root}/${file}`, "utf8").split(find).length - 1, `${find} in ${file}`).toBe(1);
  },
);
