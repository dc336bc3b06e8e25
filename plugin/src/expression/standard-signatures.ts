import { checking, checkingTotal, fn, helper, inline, method, type Signature, total } from "./signature.js";
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
  param,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from "./types.js";

const A = param("A");
const B = param("B");

/**
 * Functions and methods of the standard library.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
 */
export const STANDARD: readonly Signature[] = [
  ...[STRING, BYTES, listOf(A), mapOf(A, B)].flatMap((type) => [
    fn("size", [type], INT, checkingTotal("size")),
    method("size", [type], INT, checkingTotal("size")),
  ]),

  method("contains", [STRING, STRING], BOOL, total("contains")),
  method("startsWith", [STRING, STRING], BOOL, inline({ kind: "member", name: "startsWith" })),
  method("endsWith", [STRING, STRING], BOOL, inline({ kind: "member", name: "endsWith" })),
  method("matches", [STRING, STRING], BOOL, helper("matches")),
  fn("matches", [STRING, STRING], BOOL, helper("matches")),

  ...conversions("int", INT, "toInt", [INT], [UINT, DOUBLE, STRING, TIMESTAMP]),
  ...conversions("uint", UINT, "toUint", [UINT], [INT, DOUBLE, STRING]),
  ...conversions("double", DOUBLE, "toDouble", [DOUBLE, INT, UINT], [STRING]),
  ...conversions("bool", BOOL, "toBool", [BOOL], [STRING]),
  ...conversions("string", STRING, "toText", [STRING, INT, UINT, DOUBLE, BOOL, TIMESTAMP, DURATION], [BYTES]),
  ...conversions("bytes", BYTES, "toBytes", [BYTES, STRING], []),
  ...conversions("timestamp", TIMESTAMP, "toTimestamp", [TIMESTAMP], [STRING, INT]),
  ...conversions("duration", DURATION, "toDuration", [DURATION], [STRING]),
  fn("dyn", [A], DYN, inline({ kind: "identity" })),
  fn("type", [A], typeOf(A), total("typeOf")),

  ...["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"].flatMap(
    (name) => [
      method(name, [TIMESTAMP], INT, total(name)),
      method(name, [TIMESTAMP, STRING], INT, helper(name)),
    ],
  ),
  ...["getHours", "getMinutes", "getSeconds", "getMilliseconds"].flatMap((name) => [
    method(name, [TIMESTAMP], INT, checkingTotal(name)),
    method(name, [DURATION], INT, checkingTotal(name)),
    method(name, [TIMESTAMP, STRING], INT, helper(name)),
  ]),
];

/** A conversion: from types of which every value converts, and from those of which some do not. */
function conversions(
  name: string,
  result: CelType,
  to: string,
  always: readonly CelType[],
  sometimes: readonly CelType[],
): Signature[] {
  return [
    ...always.map((type) => fn(name, [type], result, checkingTotal(to))),
    ...sometimes.map((type) => fn(name, [type], result, checking(to))),
  ];
}
