import {
  checking,
  checkingTotal,
  type Emission,
  fn,
  helper,
  inline,
  type Signature,
  total,
} from "./signature.js";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  param,
  STRING,
  TIMESTAMP,
  UINT,
} from "./types.js";

const A = param("A");
const B = param("B");

/**
 * Operators; `&&`, `||`, `?:`, `==` and `!=` are the checker's own.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
 */
export const OPERATORS: readonly Signature[] = [
  fn("_+_", [INT, INT], INT, helper("addInt")),
  fn("_+_", [UINT, UINT], UINT, helper("addUint")),
  fn("_+_", [DOUBLE, DOUBLE], DOUBLE, binary("+")),
  fn("_+_", [STRING, STRING], STRING, helper("concatStrings")),
  fn("_+_", [BYTES, BYTES], BYTES, helper("concatBytes")),
  fn("_+_", [listOf(A), listOf(A)], listOf(A), helper("concatLists")),
  fn("_+_", [TIMESTAMP, DURATION], TIMESTAMP, helper("addToTimestamp")),
  fn("_+_", [DURATION, TIMESTAMP], TIMESTAMP, helper("addTimestampTo")),
  fn("_+_", [DURATION, DURATION], DURATION, helper("addDurations")),

  fn("_-_", [INT, INT], INT, helper("subtractInt")),
  fn("_-_", [UINT, UINT], UINT, helper("subtractUint")),
  fn("_-_", [DOUBLE, DOUBLE], DOUBLE, binary("-")),
  fn("_-_", [TIMESTAMP, TIMESTAMP], DURATION, helper("since")),
  fn("_-_", [TIMESTAMP, DURATION], TIMESTAMP, helper("subtractFromTimestamp")),
  fn("_-_", [DURATION, DURATION], DURATION, helper("subtractDurations")),

  fn("_*_", [INT, INT], INT, helper("multiplyInt")),
  fn("_*_", [UINT, UINT], UINT, helper("multiplyUint")),
  fn("_*_", [DOUBLE, DOUBLE], DOUBLE, binary("*")),

  fn("_/_", [INT, INT], INT, helper("divideInt")),
  fn("_/_", [UINT, UINT], UINT, helper("divideUint")),
  fn("_/_", [DOUBLE, DOUBLE], DOUBLE, binary("/")),

  fn("_%_", [INT, INT], INT, helper("moduloInt")),
  fn("_%_", [UINT, UINT], UINT, helper("moduloUint")),

  fn("-_", [INT], INT, helper("negateInt")),
  fn("-_", [DOUBLE], DOUBLE, inline({ kind: "prefix", operator: "-" })),
  fn("!_", [BOOL], BOOL, inline({ kind: "prefix", operator: "!" })),

  ...comparison("_<_", "<", "less"),
  ...comparison("_<=_", "<=", "lessOrEqual"),
  ...comparison("_>_", ">", "greater"),
  ...comparison("_>=_", ">=", "greaterOrEqual"),

  fn("@in", [A, listOf(A)], BOOL, helper("inList")),
  fn("@in", [A, mapOf(A, B)], BOOL, total("inMap")),
  fn("_[_]", [listOf(A), INT], A, checking("elementAt")),
  fn("_[_]", [mapOf(A, B), A], B, checking("valueAt")),
];

/** What an operator or function is compiled to where it is known only at run time which signature applies. */
export const FALLBACKS: ReadonlyMap<string, string> = new Map([
  ["_+_", "add"],
  ["_-_", "subtract"],
  ["_*_", "multiply"],
  ["_/_", "divide"],
  ["_%_", "modulo"],
  ["-_", "negate"],
  ["_<_", "less"],
  ["_<=_", "lessOrEqual"],
  ["_>_", "greater"],
  ["_>=_", "greaterOrEqual"],
  ["@in", "within"],
  ["_[_]", "at"],
]);

function binary(operator: string): Pick<Signature, "code" | "fails" | "checks"> {
  return inline({ kind: "binary", operator });
}

/** A comparison of all ordered types; numbers compare with numbers of other types. */
function comparison(name: string, operator: string, dynamic: string): Signature[] {
  const ordered = (type: CelType, code: Emission) => fn(name, [type, type], BOOL, inline(code));
  const mixed = (a: CelType, b: CelType) => fn(name, [a, b], BOOL, checkingTotal(dynamic));
  return [
    ordered(INT, { kind: "binary", operator }),
    ordered(DOUBLE, { kind: "binary", operator }),
    ordered(UINT, { kind: "binary", operator }),
    ordered(TIMESTAMP, { kind: "binary", operator }),
    ordered(DURATION, { kind: "binary", operator }),
    ordered(STRING, { kind: "ordered", helper: "compareStrings", operator }),
    ordered(BYTES, { kind: "ordered", helper: "compareBytes", operator }),
    mixed(BOOL, BOOL),
    mixed(INT, UINT),
    mixed(INT, DOUBLE),
    mixed(UINT, INT),
    mixed(UINT, DOUBLE),
    mixed(DOUBLE, INT),
    mixed(DOUBLE, UINT),
  ];
}
