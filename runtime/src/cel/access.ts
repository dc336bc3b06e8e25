import { spend } from "./budget.js";
import { equals } from "./compare.js";
import { fail } from "./error.js";
import { CelMap } from "./map.js";
import { codePoints } from "./string.js";
import { kindOf, type MessageValue, noOverload, Uint, type Value } from "./value.js";

/**
 * `list[index]`; an index whose type is known only now may be any number that is whole.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#aggregate-values
 */
export function elementAt<T = Value>(list: readonly T[], index: Value): T {
  const whole = index instanceof Uint ? index.value : index;
  const isIndex = typeof whole === "bigint" || (typeof whole === "number" && Number.isInteger(whole));
  if (!isIndex) return fail("invalid index of a list");
  if (whole < 0 || whole >= list.length) return fail("index out of range");
  return list[Number(whole)]!;
}

/** `map[key]`, and `map.key` */
export function valueAt<V extends Value>(map: CelMap<Value, V>, key: Value): V {
  const value = map.find(key);
  return value === undefined ? map.missing(key) : value;
}

/** `value[index]` of values whose types are known only now. */
export function at(value: Value, index: Value): Value {
  if (value instanceof CelMap) return valueAt(value, index);
  if (!Array.isArray(value)) return noOverload("_[_]", value, index);
  return elementAt(value as readonly Value[], index);
}

/**
 * `value.name` of a value whose type is known only now: a map or a message.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#field-selection
 */
export function select(value: Value, name: string): Value {
  if (value instanceof CelMap) return valueAt(value, name);
  if (kindOf(value) !== "message") return noOverload(`select ${name}`, value);
  const found = (value as MessageValue).select(name);
  return found === undefined ? fail(`no such field: ${name}`) : found;
}

/** `has(value.name)` of a value whose type is known only now. */
export function hasName(value: Value, name: string): boolean {
  if (value instanceof CelMap) return value.has(name);
  if (kindOf(value) !== "message") return noOverload(`has ${name}`, value);
  return (value as MessageValue).has(name) ?? fail(`no such field: ${name}`);
}

const SHORT = 64;

/** `value in list` */
export function inList(value: Value, list: readonly Value[]): boolean {
  spend(list.length);
  // Strings are equal to strings alone; long ones count by their lengths.
  if (typeof value === "string" && value.length <= SHORT) return list.includes(value);
  return list.some((element) => equals(element, value));
}

/** `key in map` */
export function inMap(key: Value, map: CelMap<Value, Value>): boolean {
  return map.has(key);
}

/** `value in container` of values whose types are known only now. */
export function within(value: Value, container: Value): boolean {
  if (container instanceof CelMap) return inMap(value, container);
  if (Array.isArray(container)) return inList(value, container as readonly Value[]);
  return noOverload("@in", value, container);
}

/** `size(value)`: code points of a string, bytes, elements, entries. */
export function size(value: Value): bigint {
  if (typeof value === "string") return BigInt(codePoints(value));
  if (Array.isArray(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof CelMap) return BigInt(value.size);
  return noOverload("size", value);
}

/** An empty list literal: has elements of whatever type is wanted. */
// biome-ignore lint/suspicious/noExplicitAny: there are no elements
export function noElements(): readonly any[] {
  return [];
}
