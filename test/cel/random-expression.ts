import fc from "fast-check";
import { checkExpression } from "../../plugin/src/expression/check.js";
import type { CheckResult } from "../../plugin/src/expression/checked.js";
import { parseExpression } from "../../plugin/src/expression/parse.js";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  UINT,
  wrapperOf,
} from "../../plugin/src/expression/types.js";
import { CelMap, Duration, Timestamp, Uint, type Value } from "../../runtime/src/cel/index.js";

/** Variables by name: their types, and some of their values. */
export const VARIABLES: Readonly<Record<string, readonly [CelType, readonly Value[]]>> = {
  i: [INT, [0n, 1n, -1n, 7n, 2n ** 63n - 1n, -(2n ** 63n)]],
  u: [UINT, [new Uint(0n), new Uint(3n), new Uint(2n ** 64n - 1n)]],
  d: [DOUBLE, [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]],
  b: [BOOL, [true, false]],
  s: [STRING, ["", "a", "abc,def", "é😀", "12"]],
  y: [BYTES, [new Uint8Array(), new Uint8Array([255, 0])]],
  t: [TIMESTAMP, [new Timestamp(0n), new Timestamp(1_700_000_000_123_456_789n)]],
  p: [DURATION, [new Duration(0n), new Duration(-1_500_000_000n)]],
  w: [wrapperOf(INT), [null, 5n]],
  is: [listOf(INT), [[], [3n, 1n, 2n], [1n, 1n]]],
  ss: [listOf(STRING), [[], ["b", "a", ""]]],
  m: [mapOf(STRING, INT), [new CelMap([]), new CelMap([["a", 1n], ["abc", 2n]])]],
  x: [DYN, [null, 1n, new Uint(1n), 1, true, "a", [1n, "a"], new CelMap<Value, Value>([["a", null]]), new Timestamp(0n)]],
}; // biome-ignore format: a table

const BINARY = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"];
const METHODS = [
  "size()", "sum()", "min()", "max()", "avg()", "first()", "last()", "distinct()", "take(2)", "join()", "join(',')", "trim()",
  "lowerAscii()", "reverse()", "charAt(0)", "indexOf('a')", "lastIndexOf('a')", "split('')", "substring(1)", "replace('a', 'bb')",
  "contains('a')", "startsWith(s)", "matches('a+')", "getFullYear()", "getHours()", "getMonth('Europe/Berlin')",
  "getMilliseconds()", "a", "format([i, s])",
]; // biome-ignore format: a list
const FUNCTIONS = [
  "size",
  "int",
  "uint",
  "double",
  "string",
  "bool",
  "bytes",
  "timestamp",
  "duration",
  "type",
  "dyn",
  "-",
  "!",
  "strings.quote",
];
const MACROS = ["all", "exists", "exists_one", "map", "filter", "sort_by"];

/** Texts of expressions over the variables; about one in six has no problem. */
export const expressions = fc.letrec<Record<"expression" | "leaf", string>>((tie) => {
  const inner = tie("expression");
  return {
    leaf: fc.oneof(
      fc.constantFrom(...Object.keys(VARIABLES)),
      fc.constantFrom("0", "2", "1u", "0.5", "'a'", "b'a'", "true", "null", "[]", "{}", "e"),
    ),
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      fc.tuple(inner, fc.constantFrom(...BINARY), inner).map((parts) => `(${parts.join(" ")})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.tuple(inner, fc.constantFrom(...METHODS)).map(([a, method]) => `${a}.${method}`),
      fc.tuple(fc.constantFrom(...FUNCTIONS), inner).map(([name, a]) => `${name}(${a})`),
      fc.tuple(inner, inner).map(([a, b]) => `${a}[${b}]`),
      fc.tuple(inner, fc.constantFrom(...MACROS), inner).map(([a, macro, b]) => `${a}.${macro}(e, ${b})`),
      fc.tuple(inner, inner).map(([a, b]) => `${a}.transformMap(k, e, ${b})`),
      fc.array(inner, { maxLength: 3 }).map((all) => `[${all.join(", ")}]`),
      fc.tuple(inner, inner).map(([a, b]) => `{${a}: ${b}}`),
    ),
  };
}).expression;

/** Checks a text over the variables; undefined where it has a problem. */
export function checkRandom(text: string): CheckResult | undefined {
  const parsed = parseExpression(text);
  if ("problem" in parsed) return undefined;
  const result = checkExpression(parsed.tree, {
    enums: "name",
    suggest: (_, __, otherwise) => otherwise,
    names: () => [],
    resolve: (name) => {
      const found = VARIABLES[name];
      return found === undefined ? undefined : { kind: "variable", type: found[0] };
    },
  });
  return result.problems.length > 0 ? undefined : result;
}
