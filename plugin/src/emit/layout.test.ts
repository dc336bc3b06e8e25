import { expect, test } from "vitest";
import { layout } from "./layout.js";

const long = (name: string) => name.padEnd(60, "x");

test("parentheses around one value take no comma after it", () => {
  const lines = layout(`const found = !(${long("a")} === ${long("b")});`, 0);
  expect(lines.join("\n")).not.toMatch(/,\s*\)/);
});

test("the arguments of a call take one", () => {
  expect(layout(`const found = f(${long("a")}, ${long("b")});`, 0)).toEqual([
    "const found = f(",
    `  ${long("a")},`,
    `  ${long("b")},`,
    ");",
  ]);
});

test("of two functions side by side, each has a line", () => {
  expect(layout(`return or(() => ${long("a")}, () => f(${long("b")}, c));`, 0)).toEqual([
    "return or(",
    `  () => ${long("a")},`,
    `  () => f(${long("b")}, c),`,
    ");",
  ]);
});

test("a text with a value in it stays whole", () => {
  const text = `\`\${value} is no value of ${long("a")}, ${long("b")}\``;
  expect(layout(`return r.refuse(${text});`, 0)).toEqual(["return r.refuse(", `  ${text},`, ");"]);
});
