import { describeType, type Field, type Message, type Scalar, type ValueType } from "../../source/model.js";
import { type Context, isMarkedInternal, type Place } from "../context.js";
import type { Conversion, Translator, Value } from "../types.js";
import { planComputed } from "../values/computed.js";
import { messageOfValue } from "../values/values.js";
import { planEnum } from "./enums.js";

/** What a conversion needs from its surroundings. */
export interface ConversionScope {
  readonly direction: "response" | "request";
  /** Makes the translator of a message inside; undefined where that failed and was reported. */
  readonly translate: (target: Message, source: Message, value: Value) => Translator | undefined;
  /** The translators of the types that an Any here may hold; undefined where none are listed. */
  readonly anyTypes: () => readonly Translator[] | undefined;
  /** The translator of what a FieldMask here masks; undefined where that is not clear. */
  readonly maskSubject: () => Translator | undefined | "broken";
  /** Whether the value stands for a list of found rows. */
  readonly many: boolean;
}

/** Decides how a value becomes a field (design section 4). Reports where it cannot. */
export function planConversion(
  context: Context,
  value: Value,
  target: Field,
  scope: ConversionScope,
  place: Place,
): Conversion | undefined {
  if (value.root.kind === "auth") {
    if (
      target.type.kind === "scalar" &&
      target.type.scalar === "string" &&
      target.cardinality === "singular"
    ) {
      return { kind: "auth" };
    }
    return mismatch(context, "a text of the caller's credentials", target, place, "make the field a string");
  }
  if (value.root.kind === "expression")
    return planComputed(context, value, value.root.expression, target, scope, place);
  const last = value.path.at(-1);
  const cardinality = scope.many ? "repeated" : (last?.cardinality ?? "singular");
  const fromName = describe(value, scope.many);
  if (cardinality === "map" || target.cardinality === "map") {
    if (cardinality !== "map" || target.cardinality !== "map") {
      return mismatch(context, fromName, target, place, "make both maps, or neither");
    }
    return planMap(context, last!, target, scope, place, value);
  }
  if (cardinality === "repeated" && target.cardinality === "singular") {
    return mismatch(
      context,
      fromName,
      target,
      place,
      "make the public field repeated, or take one element, such as with `.first()`",
    );
  }
  const type: ValueType =
    last === undefined ? { kind: "message", message: messageOfValue(value)! } : last.type;
  return planElement(context, type, target, scope, place, value, fromName);
}

function describe(value: Value, many: boolean): string {
  const last = value.path.at(-1);
  const name = last === undefined ? (messageOfValue(value)?.typeName ?? "nothing") : describeType(last);
  return many && last?.cardinality !== "repeated" ? `a list of ${name}` : name;
}

function planElement(
  context: Context,
  from: ValueType,
  target: Field,
  scope: ConversionScope,
  place: Place,
  value: Value,
  fromName: string,
): Conversion | undefined {
  const to = target.type;
  if (from.kind === "scalar" && to.kind === "scalar") {
    if (fits(from.scalar, to.scalar)) return { kind: "scalar", from: from.scalar, to: to.scalar };
    return mismatch(context, fromName, target, place, scalarFix(to.scalar, value));
  }
  if (from.kind === "enum" && to.kind === "enum") {
    const map = planEnum(context, from.enum, to.enum, scope.direction, place);
    return map === undefined ? undefined : { kind: "enum", map };
  }
  if (from.kind === "scalar" && to.kind === "message" && wrapped(to.message) === from.scalar) {
    return { kind: "wrap", scalar: from.scalar };
  }
  if (from.kind === "message" && to.kind === "scalar" && wrapped(from.message) === to.scalar) {
    if (target.cardinality === "repeated" || target.presence === "explicit") {
      return { kind: "unwrap", scalar: to.scalar };
    }
    return mismatch(context, fromName, target, place, "declare the field `optional`: a wrapper can be unset");
  }
  if (from.kind === "message" && to.kind === "message") {
    return planMessage(context, from.message, to.message, target, scope, place, value, fromName);
  }
  return mismatch(context, fromName, target, place, "make the types equal, or map another field");
}

function planMessage(
  context: Context,
  from: Message,
  to: Message,
  target: Field,
  scope: ConversionScope,
  place: Place,
  value: Value,
  fromName: string,
): Conversion | undefined {
  const isMask = (message: Message) => message.typeName === "google.protobuf.FieldMask";
  const isAny = (message: Message) => message.typeName === "google.protobuf.Any";
  // A row, or what a call answers, is no field of anything: only messages are translated from there.
  const isRoot = value.path.length === 0 && (isMask(to) || isAny(to));
  if (isMask(from) !== isMask(to) || isAny(from) !== isAny(to) || isRoot) {
    return mismatch(context, fromName, target, place, "make the types equal, or map another field");
  }
  if (isMask(to)) {
    const subject = scope.maskSubject();
    if (subject === "broken") return undefined;
    if (subject !== undefined) return { kind: "mask", subject };
    context.report(
      "mask-subject",
      place,
      `it is not clear which message the mask "${target.name}" is of`,
      "give the request exactly one other field of a message type, as AIP-134 has it, or mark this field `unset`",
    );
    return undefined;
  }
  if (isAny(to)) {
    const types = scope.anyTypes();
    return types === undefined ? undefined : { kind: "any", types };
  }
  const translator = scope.translate(to, from, value);
  return translator === undefined ? undefined : { kind: "message", translator };
}

function planMap(
  context: Context,
  from: Field,
  target: Field,
  scope: ConversionScope,
  place: Place,
  value: Value,
): Conversion | undefined {
  const [keyFrom, valueFrom] = entryFields(from);
  const [keyTo, valueTo] = entryFields(target);
  if (scope.direction === "response" && isMarkedInternal(from)) return undefined;
  const keys = [keyFrom, keyTo].map((field) => (field.type as { scalar: Scalar }).scalar);
  if (!fits(keys[0]!, keys[1]!)) {
    return mismatch(context, describeType(from), target, place, "make the key types equal");
  }
  const inner = planElement(
    context,
    valueFrom.type,
    { ...valueTo, presence: "explicit" },
    scope,
    place,
    value,
    describeType(from),
  );
  if (inner === undefined) return undefined;
  return { kind: "map", keyFrom, keyTo, from: valueFrom, to: valueTo, value: inner };
}

/** The key and the value of a map. */
export function entryFields(map: Field): [Field, Field] {
  const [key, value] = (map.type as { message: Message }).message.fields;
  return [key!, value!];
}

function mismatch(context: Context, from: string, target: Field, place: Place, fix: string): undefined {
  context.report(
    "type-mismatch",
    place,
    `${from} does not fit "${target.name}", which is ${describeType(target)}`,
    fix,
  );
  return undefined;
}

// Types that hold the same values in other encodings, and the wider types that hold them too.
const SIGNED_32: readonly Scalar[] = ["int32", "sint32", "sfixed32"];
const SIGNED_64: readonly Scalar[] = ["int64", "sint64", "sfixed64"];
const UNSIGNED_32: readonly Scalar[] = ["uint32", "fixed32"];
const UNSIGNED_64: readonly Scalar[] = ["uint64", "fixed64"];
const FITTING: ReadonlyArray<readonly [from: readonly Scalar[], to: readonly Scalar[]]> = [
  [SIGNED_32, [...SIGNED_32, ...SIGNED_64]],
  [SIGNED_64, SIGNED_64],
  [UNSIGNED_32, [...UNSIGNED_32, ...UNSIGNED_64]],
  [UNSIGNED_64, UNSIGNED_64],
  [["float"], ["float", "double"]],
];

/** Whether every value of `from` is one of `to`, of the same kind. */
export function fits(from: Scalar, to: Scalar): boolean {
  return from === to || FITTING.some(([a, b]) => a.includes(from) && b.includes(to));
}

function scalarFix(to: Scalar, value: Value): string {
  const name = value.path.map((field) => field.name).join(".");
  const cast =
    to === "string" || to === "bytes" || to === "double" || to === "bool"
      ? to
      : to.startsWith("u") || to.startsWith("f")
        ? "uint"
        : "int";
  return `make the types equal, or convert it: \`${cast}(${name})\``;
}

const WRAPPERS: Readonly<Record<string, Scalar>> = {
  DoubleValue: "double",
  FloatValue: "float",
  Int64Value: "int64",
  UInt64Value: "uint64",
  Int32Value: "int32",
  UInt32Value: "uint32",
  BoolValue: "bool",
  StringValue: "string",
  BytesValue: "bytes",
};

/** What a google.protobuf wrapper wraps. */
export function wrapped(message: Message): Scalar | undefined {
  const { typeName } = message;
  return typeName.startsWith("google.protobuf.")
    ? WRAPPERS[typeName.slice("google.protobuf.".length)]
    : undefined;
}
