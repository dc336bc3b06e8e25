import type { DescEnum } from "@bufbuild/protobuf";
import type { Message } from "../source/model.js";

/**
 * Types of CEL expressions.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#gradual-type-checking
 */
export type CelType =
  | { readonly kind: Simple }
  | { readonly kind: "list"; readonly element: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  | { readonly kind: "message"; readonly message: Message }
  /** An enum that compares by the names of its values. */
  | { readonly kind: "enum"; readonly enum: DescEnum }
  /** A google.protobuf wrapper: the value, or null. */
  | { readonly kind: "wrapper"; readonly of: CelType }
  /** A type as a value. */
  | { readonly kind: "type"; readonly of: CelType }
  /** A type that only its own functions know. */
  | { readonly kind: "opaque"; readonly name: string; readonly params: readonly CelType[] }
  /** In a signature: any type, the same wherever the name stands. */
  | { readonly kind: "param"; readonly name: string }
  /** While checking: a type that is not known yet. */
  | { readonly kind: "variable"; readonly id: number };

type Simple =
  | "int"
  | "uint"
  | "double"
  | "bool"
  | "string"
  | "bytes"
  | "null"
  | "timestamp"
  | "duration"
  /** Known only when the expression runs. */
  | "dyn"
  /** Of what is already reported: fits everywhere, so that one mistake is one problem. */
  | "error";

export const INT: CelType = { kind: "int" };
export const UINT: CelType = { kind: "uint" };
export const DOUBLE: CelType = { kind: "double" };
export const BOOL: CelType = { kind: "bool" };
export const STRING: CelType = { kind: "string" };
export const BYTES: CelType = { kind: "bytes" };
export const NULL: CelType = { kind: "null" };
export const TIMESTAMP: CelType = { kind: "timestamp" };
export const DURATION: CelType = { kind: "duration" };
export const DYN: CelType = { kind: "dyn" };
export const ERROR: CelType = { kind: "error" };

export function listOf(element: CelType): CelType {
  return { kind: "list", element };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: "map", key, value };
}

export function wrapperOf(of: CelType): CelType {
  return { kind: "wrapper", of };
}

export function typeOf(of: CelType): CelType {
  return { kind: "type", of };
}

export function param(name: string): CelType {
  return { kind: "param", name };
}

/** A type as it is written in messages: "list(int)", "map(string, dyn)", "smpl.orders.v1.Order". */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${typeText(type.element)})`;
    case "map":
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case "message":
      return type.message.typeName;
    case "enum":
      return type.enum.typeName;
    case "wrapper":
      return `wrapper(${typeText(type.of)})`;
    case "type":
      return `type(${typeText(type.of)})`;
    case "opaque":
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(typeText).join(", ")})`;
    case "param":
      return type.name;
    case "variable":
    case "error":
      return "dyn";
    default:
      return type.kind;
  }
}

/** The name that a type has as a value: `type(x)` prints it. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case "null":
      return "null_type";
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "duration":
      return "google.protobuf.Duration";
    case "message":
    case "enum":
      return typeText(type);
    case "opaque":
      return type.name;
    default:
      return type.kind;
  }
}

/** The names of types that are values in all expressions. */
export const STANDARD_TYPES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ...[INT, UINT, DOUBLE, BOOL, STRING, BYTES].map((type) => [type.kind, type] as const),
  ["null_type", NULL],
  ["list", listOf(DYN)],
  ["map", mapOf(DYN, DYN)],
  ["type", typeOf(DYN)],
  ["google.protobuf.Timestamp", TIMESTAMP],
  ["google.protobuf.Duration", DURATION],
]);
