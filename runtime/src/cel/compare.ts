import { spend, spendWalk } from "./budget.js";
import type { CelMap } from "./map.js";
import type { Duration, Timestamp } from "./time.js";
import { kindOf, type MessageValue, noOverload, type TypeValue, Uint, type Value } from "./value.js";

/**
 * `a == b`: numbers by value whatever their type, aggregates element by element, values of different types are not
 * equal.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#equality
 */
export function equals(a: Value, b: Value): boolean {
  if (typeof a === "string" && typeof b === "string") return sameText(a, b);
  if (typeof a !== "object" && typeof a === typeof b) return a === b;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    // Between bigint and number JavaScript compares exactly; NaN is neither.
    return y !== undefined && x <= y && x >= y;
  }
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  switch (kind) {
    case "null_type":
      return true;
    case "bytes":
      return compareBytes(a as Uint8Array, b as Uint8Array) === 0;
    case "list":
      return sameLists(a as readonly Value[], b as readonly Value[]);
    case "map":
      return sameMaps(a as CelMap<Value, Value>, b as CelMap<Value, Value>);
    case "timestamp":
    case "duration":
      return (a as Timestamp | Duration).nanos === (b as Timestamp | Duration).nanos;
    case "type":
      return (a as TypeValue).typeName === (b as TypeValue).typeName;
    default:
      return (a as MessageValue).equals(b as MessageValue);
  }
}

/** `a != b` */
export function differs(a: Value, b: Value): boolean {
  return !equals(a, b);
}

/** Those of one length are walked over. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  spendWalk(a.length);
  return a === b;
}

/** `text.startsWith(part)` */
export function startsWith(text: string, part: string): boolean {
  spendWalk(Math.min(text.length, part.length));
  return text.startsWith(part);
}

/** `text.endsWith(part)` */
export function endsWith(text: string, part: string): boolean {
  spendWalk(Math.min(text.length, part.length));
  return text.endsWith(part);
}

function sameLists(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  spend(a.length);
  return a.every((element, i) => equals(element, b[i]!));
}

function sameMaps(a: CelMap<Value, Value>, b: CelMap<Value, Value>): boolean {
  if (a.size !== b.size) return false;
  spend(a.size);
  return a.entries().every(([key, value]) => {
    const other = b.find(key);
    return other !== undefined && equals(value, other);
  });
}

/** Bytes by value, the shorter first: below, at or above zero. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  spendWalk(Math.min(a.length, b.length));
  return Buffer.compare(a, b);
}

/**
 * Strings by code points: below, at or above zero. JavaScript compares UTF-16 units, in which a surrogate comes
 * before the end of the basic plane.
 */
export function compareStrings(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  spendWalk(i);
  return i === end ? a.length - b.length : rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
}

/** Surrogates after all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** `a < b` of values whose types are known only now. */
export function less(a: Value, b: Value): boolean {
  return order("_<_", a, b, (x, y) => x < y);
}

/** `a <= b` of values whose types are known only now. */
export function lessOrEqual(a: Value, b: Value): boolean {
  return order("_<=_", a, b, (x, y) => x <= y);
}

/** `a > b` of values whose types are known only now. */
export function greater(a: Value, b: Value): boolean {
  return order("_>_", a, b, (x, y) => x > y);
}

/** `a >= b` of values whose types are known only now. */
export function greaterOrEqual(a: Value, b: Value): boolean {
  return order("_>=_", a, b, (x, y) => x >= y);
}

type Ordered = bigint | number;

/**
 * Compares two values of an ordered type, as two numbers.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#ordering
 */
export function order<T>(name: string, a: Value, b: Value, test: (x: Ordered, y: Ordered) => T): T {
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) {
    // With a double, an integer is compared as the double next to it.
    return typeof x === typeof y ? test(x, y) : test(Number(x), Number(y));
  }
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return noOverload(name, a, b);
  switch (kind) {
    case "string":
      return test(compareStrings(a as string, b as string), 0);
    case "bytes":
      return test(compareBytes(a as Uint8Array, b as Uint8Array), 0);
    case "bool":
      return test(Number(a), Number(b));
    case "timestamp":
    case "duration":
      return test((a as Timestamp | Duration).nanos, (b as Timestamp | Duration).nanos);
    default:
      return noOverload(name, a, b);
  }
}

function numeric(value: Value): Ordered | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}
