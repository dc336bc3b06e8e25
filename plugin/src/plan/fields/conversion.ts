import { describeType, type Field, type Message, type Scalar, type ValueType } from "../../source/model.js";
import { entryFields, wrapped } from "../../source/shapes.js";
import { type Context, isMarkedInternal, type Place } from "../context.js";
import { directionsOf } from "../public/directions.js";
import type { Conversion, Value } from "../types.js";
import { planComputed } from "../values/computed.js";
import { messageOfValue } from "../values/scope.js";
import type { ConversionScope } from "./conversion-scope.js";
import { planEnum } from "./enums.js";
import { fits } from "./scalar-fit.js";

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
  /** The map whose value it is. */
  map?: Field,
): Conversion | undefined {
  const to = target.type;
  const differs = (fix: string) =>
    isWayIn(value, scope, place)
      ? mismatchIn(context, value, fromName, map ?? target, place)
      : mismatch(context, fromName, map ?? target, place, map === undefined ? fix : MAP_FIX);
  if (from.kind === "scalar" && to.kind === "scalar") {
    if (fits(from.scalar, to.scalar)) return { kind: "scalar", from: from.scalar, to: to.scalar };
    return differs(scalarFix(to.scalar, value));
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
  if (from.kind === "enum" && to.kind === "scalar") return differs(enumFix(to.scalar, value));
  return differs("make the types equal, or map another field");
}

const MAP_FIX = "the values of the maps are of different types: make them equal";

/** Whether what a client sends is to be written as it is: nothing computes there. */
function isWayIn(value: Value, { direction }: ConversionScope, place: Place): boolean {
  return direction === "request" && value.root.kind === "source" && !(place.path ?? []).includes("set");
}

/** The same field may be fine in a response. */
function mismatchIn(context: Context, value: Value, from: string, target: Field, place: Place): undefined {
  const isAnswer = directionsOf(context).response.has(value.path.at(-1)!.parent);
  const name = `"${target.name}" of ${target.parent.typeName}`;
  context.report(
    "type-mismatch",
    place,
    `${from} does not fit ${name}, which is ${describeType(target)}, where a request writes it`,
    isAnswer
      ? "make the types equal, or mark it `output_only: true` if only responses have it"
      : "make the types equal, or let it go to another field, with `to`",
  );
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
    target,
  );
  if (inner === undefined) return undefined;
  return { kind: "map", keyFrom, keyTo, from: valueFrom, to: valueTo, value: inner };
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

function scalarFix(to: Scalar, value: Value): string {
  const name = value.path.map((field) => field.name).join(".");
  const cast =
    to === "string" || to === "bytes" || to === "bool"
      ? to
      : to === "double" || to === "float"
        ? "double"
        : to.startsWith("u") || to.startsWith("f")
          ? "uint"
          : "int";
  return `make the types equal, or convert it: \`${cast}(${name})\``;
}

function enumFix(to: Scalar, value: Value): string {
  const name = value.path.map((field) => field.name).join(".");
  return to === "string"
    ? `declare an enum with the same names, or convert it: \`string(${name})\``
    : "declare an enum with the same names, or a string";
}
