import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Checked } from "../../plugin/src/expression/checked.js";
import { compileExpression, type Target } from "../../plugin/src/expression/compile.js";
import { fieldType } from "../../plugin/src/expression/field-type.js";
import type { CelType } from "../../plugin/src/expression/types.js";
import { checkRandom, expressions } from "./random-expression.js";
import { checkTest } from "./run.js";
import { specTests } from "./spec.js";

const directory = fileURLToPath(new URL("../out/cel", import.meta.url));

it("compiles to code that type-checks under strict", () => {
  const file = strictFile();
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/expressions.ts`, file.text);
  writeFileSync(
    `${directory}/tsconfig.json`,
    JSON.stringify({ extends: "../../tsconfig.json", include: [], files: ["expressions.ts"] }),
  );
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  expect(typeErrors(tsc)).toBe("");
  expect(file.count).toBeGreaterThan(1700);
});

function typeErrors(tsc: string): string {
  try {
    execFileSync(process.execPath, [tsc, "-p", directory, "--noEmit"], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const HEAD = [
  'import * as cel from "../../../runtime/src/cel/index.js";',
  'import type { CelMap, Duration, MessageValue, Timestamp, TypeValue, Uint, Value } from "../../../runtime/src/cel/index.js";',
  "declare const field: <T>(base: Value, name: string) => T;",
  "declare const has: (base: Value, name: string) => boolean;",
  "declare const make: <T>(name: string, fields: readonly (readonly [string, Value])[]) => T;",
  "declare const variable: <T>(name: string) => T;",
];

/** The specification's expressions without problems, and random ones. */
function checkedTrees(): Checked[] {
  const trees: Checked[] = [];
  for (const spec of specTests()) {
    try {
      const { tree, problems } = checkTest(spec);
      if (problems.length === 0 && !spec.test.checkOnly) trees.push(tree);
    } catch {
      // It does not parse.
    }
  }
  for (const text of fc.sample(expressions, { numRuns: 12_000, seed: 7 })) {
    const result = checkRandom(text);
    if (result !== undefined) trees.push(result.tree);
  }
  return trees;
}

/** A file with one function for each expression. */
function strictFile(): { text: string; count: number } {
  const trees = checkedTrees();
  const lines = trees.flatMap((tree, number) => {
    const constants: string[] = [];
    let locals = 0;
    const target: Target = {
      helper: (name) => `cel.${name}`,
      variable: (name, type) => `variable<${typeScript(type)}>(${JSON.stringify(name)})`,
      local: (name) => `${name}_${++locals}`,
      field: (base, of) =>
        `field<${typeScript(fieldType(of, "number"))}>(${base}, ${JSON.stringify(of.name)})`,
      hasField: (base, of) => `has(${base}, ${JSON.stringify(of.name)})`,
      message: (_, fields, type) =>
        `make<${typeScript(type)}>("", [${fields.map(([of, value]) => `["${of.name}", ${value}]`).join(", ")}])`,
      constant: (text) => `c${number}_${constants.push(text) - 1}`,
    };
    const { text } = compileExpression(tree, target);
    const body = text.startsWith("{") ? `(${text})` : text;
    return [
      ...constants.map((value, i) => `const c${number}_${i} = ${value};`),
      `export const e${number} = (): ${typeScript(tree.type)} => ${body};`,
    ];
  });
  return { text: `${[...HEAD, ...lines].join("\n")}\n`, count: trees.length };
}

const SIMPLE: Readonly<Record<string, string>> = {
  int: "bigint", uint: "Uint", double: "number", bool: "boolean", string: "string", bytes: "Uint8Array", null: "null",
  timestamp: "Timestamp", duration: "Duration", type: "TypeValue", message: "MessageValue",
}; // biome-ignore format: a table

/** The TypeScript type of a CEL type's values. */
function typeScript(type: CelType): string {
  if (type.kind === "list") return `readonly ${array(typeScript(type.element))}[]`;
  if (type.kind === "map") return `CelMap<${typeScript(type.key)}, ${typeScript(type.value)}>`;
  if (type.kind === "wrapper") return `${typeScript(type.of)} | null`;
  return SIMPLE[type.kind] ?? "Value";
}

function array(element: string): string {
  return /[ |]/.test(element) ? `(${element})` : element;
}
