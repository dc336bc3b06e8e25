import { expect, test } from "vitest";
import { checkExpression } from "../../plugin/src/expression/check.js";
import { failingConstants } from "../../plugin/src/expression/constant.js";
import { parseExpression } from "../../plugin/src/expression/parse.js";
import { suggestion } from "../../plugin/src/plan/names.js";
import * as cel from "../../runtime/src/cel/index.js";

/** What is found to fail before anything runs, as the text that it is about. */
function failing(text: string): string[] {
  const parsed = parseExpression(text);
  if ("problem" in parsed) throw new Error(parsed.problem.message);
  const { tree, problems } = checkExpression(parsed.tree, {
    enums: "name",
    resolve: (name) => (name === "x" ? { kind: "variable", type: { kind: "int" } } : undefined),
    names: () => [],
    suggest: suggestion,
  });
  expect(problems).toEqual([]);
  return failingConstants(tree).map(({ start, end }) => text.slice(start, end));
}

const hasValue = (run: () => unknown): boolean => {
  try {
    run();
    return true;
  } catch {
    return false;
  }
};

const texts = [
  ...["", "0", "1", "-1", "+5", "1.5", ".5", "5.", "1e3", "1e", "x", " 1", "inf", "-Infinity", "NaN", "0x10"],
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
  ...["18446744073709551615", "18446744073709551616", "0".repeat(20), "0".repeat(21), "1".repeat(1025)],
  ...["true", "True", "TRUE", "tRUE", "t", "f", "False", "yes"],
  ...["1h", "1h30m", "-1.5s", "1.5", "s", "zz", "1d", "1us2ns", "1µs", "+3ms", "1 s", `${"1h".repeat(129)}`],
  ...[
    "2026-01-31T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31",
    "2026-01-31t12:00:00z",
  ],
  ...["2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.1234567890Z"],
  ...["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.9Z", "10000-01-01T00:00:00Z"],
  ...["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01", "2026-01-31T12:00:60Z", "2026-13-01T00:00:00Z"],
];

test.each([
  ["int", cel.toInt],
  ["uint", cel.toUint],
  ["double", cel.toDouble],
  ["bool", cel.toBool],
  ["timestamp", cel.toTimestamp],
  ["duration", cel.toDuration],
] as const)("%s of a text fails here just where it would at run time", (name, run) => {
  for (const text of texts)
    expect(failing(`${name}('${text}')`), text).toEqual(hasValue(() => run(text)) ? [] : [`'${text}'`]);
});

test.each([
  ["int", cel.toInt],
  ["uint", cel.toUint],
] as const)("%s of a number, too", (name, run) => {
  for (const value of [0, -1.5, -0.5, 1e18, 2 ** 63, -(2 ** 63), 2 ** 64, 1e30]) {
    const text = value.toExponential();
    expect(failing(`${name}(${text})`), text).toEqual(hasValue(() => run(value)) ? [] : [text]);
  }
});

test.each([
  ["1 / 0", ["0"]],
  ["x % 0", ["0"]],
  ["1u / 0u", ["0u"]],
  ["1.0 / 0.0", []],
  ["0 / x", []],
  ["9223372036854775807 + 1", ["9223372036854775807 + 1"]],
  ["9223372036854775807 + 0", []],
  ["1u - 2u", ["1u - 2u"]],
  ["3037000500 * 3037000500", ["3037000500 * 3037000500"]],
  ["-9223372036854775808", []],
  ["x + 9223372036854775807", []],
  ["[1, 2][2]", ["2"]],
  ["[1, 2][1]", []],
  ["[][0]", ["0"]],
  ["{1: 2}[2]", []],
  ["[1 / 0, 2 % 0].size() + int(duration('zz').getSeconds())", ["0", "0", "'zz'"]],
  ["x == 1 ? 1 / 0 : 2", ["0"]],
  ["'a' + string(1)", []],
])("%s", (text, found) => {
  expect(failing(text)).toEqual(found);
});
