import { partOf } from "../../expression/path.js";
import type { KeyParts } from "../../expression/split.js";
import { describeType, type Field, type Scalar } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import { fits } from "../fields/scalar-fit.js";
import { keyFields } from "./key-messages.js";

/** Whether a field can be a part of a key; reports where it cannot. */
export function isKeyType(context: Context, field: Field, place: Place): boolean {
  if (field.cardinality === "map") {
    context.report(
      "path-repeated",
      place,
      `"${field.name}" is ${describeType(field)}, and a map is no list of keys`,
      "name a field that holds one key, or a list of keys",
    );
    return false;
  }
  if (field.type.kind === "scalar" && (field.type.scalar === "float" || field.type.scalar === "double")) {
    context.report(
      "join-key-type",
      place,
      `"${field.name}" is ${describeType(field)}: floating-point numbers are no keys`,
      "match by an integer, a string or bytes",
    );
    return false;
  }
  return true;
}

/** The type in which values of a field compare; messages do by their bytes. */
function keyScalar(field: Field): Scalar {
  if (field.type.kind === "message") return "bytes";
  return field.type.kind === "scalar" ? field.type.scalar : "int32";
}

/** Why a message cannot be compared as a key with another; undefined where it can, and where one of them is none. */
export function messageProblem(source: Field, target: Field): string | undefined {
  if (source.type.kind !== "message" || target.type.kind !== "message") return undefined;
  const found = keyFields(source.type.message, target.type.message);
  return "problem" in found ? found.problem : undefined;
}

/** Reports a message in which keys would compare, and cannot. */
function isComparable(context: Context, field: Field, place: Place): boolean {
  const problem = messageProblem(field, field);
  if (problem === undefined) return true;
  context.report(
    "join-key-type",
    place,
    `"${field.name}" is ${describeType(field)}, which cannot be a key: ${problem}`,
    "name the fields inside it, one `key` each: a composite key",
  );
  return false;
}

/** Keys compare in the type of the request's field; without one, of the response's. */
export function keyTypesOf(
  context: Context,
  ask: readonly Field[][],
  answers: ReadonlyArray<Field[] | undefined>,
  said: readonly KeySaid[],
): Scalar[] | undefined {
  const types: Scalar[] = [];
  for (let i = 0; i < said.length; i++) {
    const asked = ask[i]?.at(-1);
    const answered = answers[i]?.at(-1);
    const type = keyScalar((asked ?? answered)!);
    const { place, parts } = said[i]!;
    if (
      !isComparable(context, (asked ?? answered)!, {
        ...place,
        part: partOf((parts.request ?? parts.response)!),
      })
    )
      return undefined;
    if (asked !== undefined && answered !== undefined && !sameKind(answered, asked)) {
      const problem = messageProblem(answered, asked);
      context.report(
        "join-key-type",
        { ...place, part: partOf(parts.response!) },
        `the key is asked for as ${describeType({ ...asked, cardinality: "singular" })} and answered as ${describeType(answered)}${problem === undefined ? "" : `: ${problem}`}`,
        "name fields of one type",
      );
      return undefined;
    }
    types.push(type);
  }
  return types;
}

function sameKind(a: Field, b: Field): boolean {
  if (a.type.kind === "enum" || b.type.kind === "enum") {
    return a.type.kind === "enum" && b.type.kind === "enum" && a.type.enum === b.type.enum;
  }
  if (a.type.kind === "message" && b.type.kind === "message") return messageProblem(a, b) === undefined;
  if (a.type.kind !== "scalar" || b.type.kind !== "scalar") return false;
  return fits(a.type.scalar, b.type.scalar) || fits(b.type.scalar, a.type.scalar);
}

export interface KeySaid {
  readonly parts: KeyParts;
  readonly place: Place;
}
