import { checking, fn, helper, method, type Signature, total } from "./signature.js";
import { BOOL, DOUBLE, DURATION, DYN, INT, listOf, param, STRING, TIMESTAMP, UINT } from "./types.js";

const A = param("A");

/**
 * The strings extension.
 *
 * Source: https://github.com/google/cel-go/blob/master/ext/README.md#strings
 */
export const STRINGS: readonly Signature[] = [
  method("charAt", [STRING, INT], STRING, helper("charAt")),
  method("indexOf", [STRING, STRING], INT, helper("indexOf")),
  method("indexOf", [STRING, STRING, INT], INT, helper("indexOf")),
  method("lastIndexOf", [STRING, STRING], INT, helper("lastIndexOf")),
  method("lastIndexOf", [STRING, STRING, INT], INT, helper("lastIndexOf")),
  method("substring", [STRING, INT], STRING, helper("substring")),
  method("substring", [STRING, INT, INT], STRING, helper("substring")),
  method("replace", [STRING, STRING, STRING], STRING, helper("replace")),
  method("replace", [STRING, STRING, STRING, INT], STRING, helper("replace")),
  method("split", [STRING, STRING], listOf(STRING), helper("split")),
  method("split", [STRING, STRING, INT], listOf(STRING), helper("split")),
  method("join", [listOf(STRING)], STRING, helper("join")),
  method("join", [listOf(STRING), STRING], STRING, helper("join")),
  method("lowerAscii", [STRING], STRING, total("lowerAscii")),
  method("upperAscii", [STRING], STRING, total("upperAscii")),
  method("trim", [STRING], STRING, total("trim")),
  method("reverse", [STRING], STRING, total("reverse")),
  method("format", [STRING, listOf(DYN)], STRING, helper("format")),
  fn("strings.quote", [STRING], STRING, helper("quote")),
];

/** Functions that are Portico's own: on lists, the clock and chance. `sort_by` is a macro. */
export const PORTICO: readonly Signature[] = [
  method("sum", [listOf(INT)], INT, helper("sumInt")),
  method("sum", [listOf(UINT)], UINT, helper("sumUint")),
  method("sum", [listOf(DOUBLE)], DOUBLE, helper("sumDouble")),
  method("sum", [listOf(DURATION)], DURATION, helper("sumDuration")),
  ...["min", "max"].flatMap((name) =>
    [INT, UINT, DOUBLE, STRING, BOOL, TIMESTAMP, DURATION].map((type) =>
      method(name, [listOf(type)], type, checking(name)),
    ),
  ),
  ...[INT, UINT, DOUBLE].map((type) => method("avg", [listOf(type)], DOUBLE, checking("avg"))),
  method("first", [listOf(A)], A, helper("first")),
  method("last", [listOf(A)], A, helper("last")),
  method("take", [listOf(A), INT], listOf(A), helper("take")),
  method("distinct", [listOf(A)], listOf(A), helper("distinct")),
  fn("now", [], TIMESTAMP, total("now")),
  fn("uuid", [], STRING, total("uuid")),
];
