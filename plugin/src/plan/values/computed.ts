import type { Checked } from "../../expression/checked.js";
import { type CelType, typeText } from "../../expression/types.js";
import { describeType, type Field, type Message, type Scalar, type ValueType } from "../../source/model.js";
import { entryFields, wrapped } from "../../source/shapes.js";
import type { Context, Place } from "../context.js";
import type { ConversionScope } from "../fields/conversion-scope.js";
import { planEnum } from "../fields/enums.js";
import { suggestion } from "../names.js";
import type { Conversion, Expression, Value, Written } from "../types.js";

/** The scalar types that hold values of a type of CEL. */
const HOLDERS: Readonly<Partial<Record<CelType["kind"], readonly Scalar[]>>> = {
  int: ["int32", "int64", "sint32", "sint64", "sfixed32", "sfixed64"],
  uint: ["uint32", "uint64", "fixed32", "fixed64"],
  double: ["double", "float"],
  bool: ["bool"],
  string: ["string"],
  enum: ["string"],
  bytes: ["bytes"],
};

/** Decides how what an expression gives becomes a field. Reports where it cannot. */
export function planComputed(
  context: Context,
  value: Value,
  expression: Expression,
  target: Field,
  scope: ConversionScope,
  place: Place,
): Conversion | undefined {
  const { type } = expression.tree;
  const mismatch = (fix: string) => {
    context.report(
      "type-mismatch",
      place,
      `the expression is ${typeText(type)}, which does not fit "${target.name}", which is ${describeType(target)}`,
      fix,
    );
    return undefined;
  };
  const message = messageIn(type);
  if (message !== undefined) {
    const fits = target.type.kind === "message" && target.cardinality !== "map";
    if (!fits || (type.kind === "list" && target.cardinality === "singular"))
      return mismatch(fixOf(type, target));
    const translator = scope.translate((target.type as { message: Message }).message, message, value);
    return translator === undefined ? undefined : { kind: "message", translator };
  }
  const written = (of: CelType, field: Field) => planWritten(context, of, field, scope, place);
  if (target.cardinality === "map") {
    const [key, element] = entryFields(target);
    const { scalar } = key.type as { scalar: Scalar };
    const as = type.kind === "map" && holds(type.key, scalar) ? written(type.value, element) : undefined;
    if (as === "broken") return undefined;
    return as === undefined ? mismatch(fixOf(type, target)) : { kind: "computed", as, key: scalar };
  }
  if (type.kind === "map" || (type.kind === "list" && target.cardinality === "singular"))
    return mismatch(fixOf(type, target));
  const as = written(type.kind === "list" ? type.element : type, target);
  if (as === "broken") return undefined;
  if (as !== undefined && !checkLiterals(context, expression.tree, as, target, place)) return undefined;
  return as === undefined ? mismatch(fixOf(type, target)) : { kind: "computed", as };
}

/** The message that an expression gives, or gives a list of. */
function messageIn(type: CelType): Message | undefined {
  const of = type.kind === "list" ? type.element : type;
  return of.kind === "message" ? of.message : undefined;
}

function planWritten(
  context: Context,
  type: CelType,
  target: Field,
  scope: ConversionScope,
  place: Place,
): Written | undefined | "broken" {
  const to = target.type;
  if (to.kind === "enum") {
    if (type.kind === "enum") {
      const map = planEnum(context, type.enum, to.enum, scope.direction, place);
      if (map === undefined) return "broken";
      const numbers = new Map<string, number>();
      for (const { name, number } of type.enum.values) {
        const twin = map.numbers.find(([from]) => from === number)?.[1];
        if (twin !== undefined) numbers.set(name, twin);
      }
      return {
        kind: "enum",
        numbers,
        otherwise: typeof map.otherwise === "number" ? map.otherwise : undefined,
      };
    }
    return type.kind === "string" || type.kind === "dyn"
      ? { kind: "enum", numbers: namesOf(to), otherwise: undefined }
      : undefined;
  }
  if (to.kind === "scalar") {
    if (type.kind === "wrapper" && target.presence === "implicit" && target.cardinality === "singular")
      return undefined;
    return holds(type, to.scalar) ? { kind: "scalar", scalar: to.scalar } : undefined;
  }
  const wraps = wrapped(to.message);
  if (wraps !== undefined) return holds(type, wraps) ? { kind: "wrapper", scalar: wraps } : undefined;
  for (const [name, kind] of [
    ["google.protobuf.Timestamp", "timestamp"],
    ["google.protobuf.Duration", "duration"],
  ] as const) {
    if (to.message.typeName === name && (type.kind === kind || type.kind === "dyn")) return { kind };
  }
  return undefined;
}

/** The scalar types that hold values of a type of CEL. */
export function holdersOf(type: CelType): readonly Scalar[] {
  return type.kind === "wrapper" ? holdersOf(type.of) : (HOLDERS[type.kind] ?? []);
}

function holds(type: CelType, scalar: Scalar): boolean {
  return type.kind === "dyn" || holdersOf(type).includes(scalar);
}

/** The values of an enum by their names, with its own prefix and without. */
function namesOf(type: ValueType & { kind: "enum" }): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const prefix = type.enum.sharedPrefix?.length ?? 0;
  for (const { name, number } of type.enum.values) numbers.set(name.slice(prefix), number);
  for (const { name, number } of type.enum.values) numbers.set(name, number);
  return numbers;
}

function fixOf(type: CelType, target: Field): string {
  if (type.kind === "null") return "give it a value of its type";
  if (type.kind === "list" && target.cardinality === "singular")
    return "take one element, such as with `.first()`, or make the field repeated";
  if (type.kind !== "list" && type.kind !== "map" && target.cardinality === "map") return "give it a map";
  if (type.kind === "wrapper") return "declare the field `optional`: a wrapper can be null";
  if (target.type.kind !== "scalar") return "make the types equal";
  const cast = Object.entries(HOLDERS).find(([, scalars]) =>
    scalars.includes((target.type as { scalar: Scalar }).scalar),
  )![0];
  return `convert it, such as with \`${cast}(…)\`, or change the field's type`;
}

const RANGES: Readonly<Partial<Record<Scalar, readonly [least: bigint, most: bigint]>>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
};

/** Reports a value that is written in an expression and that the field cannot hold: every answer with it would fail. */
function checkLiterals(context: Context, tree: Checked, as: Written, target: Field, place: Place): boolean {
  if (tree.kind === "conditional")
    return tree.args.slice(1).every((branch) => checkLiterals(context, branch, as, target, place));
  if (tree.kind !== "literal") return true;
  const { literal } = tree;
  if (as.kind === "enum" && literal.type === "string" && !as.numbers.has(literal.value)) {
    context.report(
      "type-mismatch",
      place,
      `no value of ${target.name}'s enum is called "${literal.value}"`,
      suggestion(literal.value, as.numbers.keys(), "write the name of one of its values"),
    );
    return false;
  }
  const range = as.kind === "scalar" || as.kind === "wrapper" ? RANGES[as.scalar] : undefined;
  if (range !== undefined && (literal.type === "int" || literal.type === "uint")) {
    if (literal.value >= range[0] && literal.value <= range[1]) return true;
    context.report(
      "type-mismatch",
      place,
      `${literal.value} does not fit "${target.name}", which is ${describeType(target)}`,
      `write a number from ${range[0]} to ${range[1]}, or make the field an int64 or uint64`,
    );
    return false;
  }
  return true;
}
