import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MACRO_NAMES } from "../../plugin/src/expression/macros.js";
import type { Signature } from "../../plugin/src/expression/signature.js";
import { SIGNATURES } from "../../plugin/src/expression/signatures.js";
import { operatorText } from "../../plugin/src/expression/syntax.js";
import { typeText } from "../../plugin/src/expression/types.js";
import { root } from "./blocks.js";

const page = readFileSync(join(root, "docs/functions.md"), "utf8");

/** What stands as code in the first column of the tables of a section, or of all. */
function listed(section?: string): string[] {
  const text = section === undefined ? page : page.split(`\n## ${section}\n`)[1]!.split("\n## ")[0]!;
  const cells = text.split("\n").flatMap((line) => /^\| (`.*?`) \| /.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]*)`/g)].map((match) => match[1]!));
}

const isNamed = ({ name }: Signature) => /^[a-z]/i.test(name);

function written({ name, method, args, result }: Signature): string {
  const types = args.map(typeText);
  const call = method ? `${types[0]}.${name}(${types.slice(1).join(", ")})` : `${name}(${types.join(", ")})`;
  return `${call} -> ${typeText(result)}`;
}

test("docs/functions.md has every signature, and no other", () => {
  const functions = listed().filter((text) => text.includes(" -> "));
  expect(functions.sort()).toEqual(SIGNATURES.filter(isNamed).map(written).sort());
});

test("it has every macro", () => {
  const names = listed("Macros").map((text) => /\.(\w+)\(/.exec(text)![1]!);
  expect([...new Set(names)].sort()).toEqual([...MACRO_NAMES].sort());
});

test("it has every operator", () => {
  const known = SIGNATURES.filter((one) => !isNamed(one)).map(({ name }) => operatorText(name).slice(1, -1));
  const own = ["&&", "||", "? :", "==", "!=", "."];
  const operators = listed("Operators").map((text) => text.replaceAll("\\", "").replace("[ ]", "[]"));
  expect(operators.sort()).toEqual([...new Set([...known, ...own])].sort());
});
