import fc from "fast-check";
import { expect, it } from "vitest";
import { check, compile } from "./expression.test.support.js";

const TOKENS = [
  "order", "viewer", "i", "u", "d", "b", "s", "t", "x", "is", "ss", "m", "e", "nope", ".id", ".count", ".state", ".customer",
  ".lines", ".price", ".`in`", "[", "]", "(", ")", "{", "}", ",", ":", "?", "+", "-", "*", "/", "%", "<", ">=", "==", "!=", "&&",
  "||", "!", " in ", "1", "-1", "2u", "0x1f", "1.5e3", "'a'", "\"\\n'\"", "r'\\'", "b'\\377'", "'''q'''", "null", "true", "[]", "{}",
  ".all(e, ", ".map(e, ", ".exists_one(i, e, ", ".sort_by(e, ", ".filter(e, ", "has(", "size(", ".startsWith(", ".sum()",
  ".first()", "duration('1h')", "timestamp(", "int(", "string(", "dyn(", "// é😀\n", "\n", " ", "😀", "`", "\\", "Order{", "id:",
]; // biome-ignore format: a list

/** Expressions that mostly parse. */
const grammar = fc.letrec<Record<"expression" | "leaf", string>>((tie) => ({
  leaf: fc.constantFrom("order", "viewer", "i", "u", "d", "b", "s", "x", "is", "ss", "m", "1", "2u", "1.5", "'a'", "null", "true", "[]"),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.tuple(tie("expression"), fc.constantFrom(" + ", " - ", " == ", " < ", " && ", " || ", " in "), tie("expression")).map((parts) => `(${parts.join("")})`),
    fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    tie("expression").map((a) => `${a}.id`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(tie("expression"), fc.constantFrom("all", "map", "filter", "sort_by"), tie("expression")).map(([a, macro, b]) => `${a}.${macro}(e, ${b} == e)`),
    fc.array(tie("expression"), { maxLength: 3 }).map((all) => `[${all.join(", ")}]`),
    fc.tuple(fc.constantFrom("size", "string", "-", "!", "dyn"), tie("expression")).map(([name, a]) => `${name}(${a})`),
  ),
})).expression; // biome-ignore format: a grammar

/** Checks a text; its problems must stand in it, and without problems its code must be TypeScript. */
function holds(text: string): void {
  const { problems } = check(text);
  for (const { start, end, message, fix } of problems) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeLessThanOrEqual(text.length);
    expect(end > start || text.trim() === "").toBe(true);
    expect(message).not.toBe("");
    expect(fix).not.toBe("");
  }
  if (problems.length === 0) new Function(`return ${compile(text)}`);
}

it("never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 24 }), (tokens) => holds(tokens.join(""))),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), holds), { numRuns: 300 });
});

it("never throws, whatever the types", () => {
  fc.assert(fc.property(grammar, holds), { numRuns: 1000 });
});

it.each([
  ["brackets", `${"(".repeat(3000)}1${")".repeat(3000)}`],
  ["open brackets", "[".repeat(3000)],
  ["operators", `${"i+".repeat(3000)}i`],
  ["conditions", `${"b?i:".repeat(3000)}i`],
  ["selections", `order${".id".repeat(3000)}`],
  ["macros", `${"is.all(e,".repeat(150)}b${")".repeat(150)}`],
  ["nots", `${"!".repeat(3000)}b`],
  ["elements", `[${"[],".repeat(3000)}]`],
  ["length", `'${"a".repeat(30_000)}'`],
])("ends with many %s", (_, text) => {
  const started = process.cpuUsage().user;
  holds(text);
  expect((process.cpuUsage().user - started) / 1000).toBeLessThan(2000);
});
