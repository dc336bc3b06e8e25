import { fail } from "./error.js";
import type { CelMap } from "./map.js";
import type { Duration, Timestamp } from "./time.js";

/**
 * Values of CEL in JavaScript. Each type has a representation of its own, so that a value says by itself what it is:
 * int is a bigint, uint a Uint, double a number.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#values
 */
export type Value =
  | bigint
  | Uint
  | number
  | boolean
  | string
  | Uint8Array
  | null
  | Timestamp
  | Duration
  | TypeValue
  | MessageValue
  | CelMap<Value, Value>
  | readonly Value[];

/** An unsigned integer of 64 bits. */
export class Uint {
  readonly kind = "uint";

  constructor(readonly value: bigint) {}

  /** Lets `<` and the like compare. */
  valueOf(): bigint {
    return this.value;
  }
}

/** A type as a value: `int`, `type(x)`. */
export class TypeValue {
  readonly kind = "type";

  constructor(readonly typeName: string) {}
}

/**
 * A message whose type is not known to the compiler (out of a google.protobuf.Any, or behind `dyn`), or that is
 * compared as a whole. Messages whose type is known are read by code that the plan makes.
 */
export interface MessageValue {
  readonly kind: "message";
  /** Full name of its type. */
  readonly typeName: string;
  /** A field by its name; undefined where the type has none. An unset field is its default. */
  select(field: string): Value | undefined;
  /** Whether a field is set; undefined where the type has none. */
  has(field: string): boolean | undefined;
  /** Field by field; NaN is not equal to itself. */
  equals(other: MessageValue): boolean;
}

/** What a value is, by the name that `type(value)` has; every message is "message". */
export type Kind =
  | "int"
  | "uint"
  | "double"
  | "bool"
  | "string"
  | "bytes"
  | "null_type"
  | "timestamp"
  | "duration"
  | "type"
  | "message"
  | "map"
  | "list";

/** What a value is. */
export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      if (value === null) return "null_type";
      if (Array.isArray(value)) return "list";
      if (value instanceof Uint8Array) return "bytes";
      return (value as { kind: Kind }).kind;
  }
}

/** The name of a value's type. */
export function typeNameOf(value: Value): string {
  const kind = kindOf(value);
  if (kind === "message") return (value as MessageValue).typeName;
  if (kind === "timestamp") return "google.protobuf.Timestamp";
  if (kind === "duration") return "google.protobuf.Duration";
  return kind;
}

/** `type(value)` */
export function typeOf(value: Value): TypeValue {
  return new TypeValue(typeNameOf(value));
}

/** An argument of a type that an operator or function does not have. */
export function noOverload(name: string, ...values: Value[]): never {
  fail(`no such overload: ${name}(${values.map(typeNameOf).join(", ")})`);
}
