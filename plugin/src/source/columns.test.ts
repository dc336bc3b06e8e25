import { expect, test } from "vitest";
import { columnsOf, offsetInLine } from "./columns.js";

// Columns as they were seen in descriptors: buf counts cells and stops tabs at every fourth, protoc bytes and every eighth.
const lines = [
  "\tstring a = 1;",
  "\t/*ä*/string b = 2;",
  "/*😀*/string c = 3;",
  "\t/*12345*/\tstring g = 7;",
];
const names = (columns: readonly number[]) =>
  ["a", "b", "c", "g"].map((name, i) => ({ line: i + 1, column: columns[i]!, name }));

const buf = names([12, 17, 14, 24]);
const protoc = names([16, 22, 16, 32]);

test.each([
  ["buf", buf, { tab: 4, unit: "cell" }],
  ["protoc", protoc, { tab: 8, unit: "byte" }],
] as const)("finds how %s counts", (_, placed, expected) => {
  const found = columnsOf(lines, placed);
  expect(found).toEqual(expected);
  for (const { line, column, name } of placed) {
    expect(lines[line - 1]!.slice(offsetInLine(lines[line - 1]!, column, found))).toMatch(
      new RegExp(`^${name} =`),
    );
  }
});

test("a column past the end is the end", () => {
  expect(offsetInLine("abc", 99, { tab: 4, unit: "cell" })).toBe(3);
});
