import { CelMap } from "./map.js";
import { Duration, Timestamp } from "./time.js";
import { kindOf, type MessageValue, noOverload, TypeValue, Uint, type Value } from "./value.js";

/**
 * Checks that values of a type known only now are what an operator or function takes. Compiled code has them where a
 * `dyn` or a wrapper, which may be null, meets a typed argument.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#dynamic-values
 */

export function asInt(value: Value): bigint {
  return typeof value === "bigint" ? value : noOverload("int argument", value);
}

export function asUint(value: Value): Uint {
  return value instanceof Uint ? value : noOverload("uint argument", value);
}

export function asDouble(value: Value): number {
  return typeof value === "number" ? value : noOverload("double argument", value);
}

export function asBool(value: Value): boolean {
  return typeof value === "boolean" ? value : noOverload("bool argument", value);
}

export function asString(value: Value): string {
  return typeof value === "string" ? value : noOverload("string argument", value);
}

export function asBytes(value: Value): Uint8Array {
  return value instanceof Uint8Array ? value : noOverload("bytes argument", value);
}

export function asTimestamp(value: Value): Timestamp {
  return value instanceof Timestamp ? value : noOverload("timestamp argument", value);
}

export function asDuration(value: Value): Duration {
  return value instanceof Duration ? value : noOverload("duration argument", value);
}

export function asType(value: Value): TypeValue {
  return value instanceof TypeValue ? value : noOverload("type argument", value);
}

export function asList(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : noOverload("list argument", value);
}

export function asMap(value: Value): CelMap<Value, Value> {
  return value instanceof CelMap ? value : noOverload("map argument", value);
}

export function asMessage(value: Value): MessageValue {
  return kindOf(value) === "message" ? (value as MessageValue) : noOverload("message argument", value);
}
