import { randomUUID } from "node:crypto";
import { add } from "./add.js";
import { metered, spend } from "./budget.js";
import { equals, order } from "./compare.js";
import { toDouble } from "./convert.js";
import { fail } from "./error.js";
import { map } from "./macro.js";
import { Duration } from "./time.js";
import { kindOf, noOverload, Uint, type Value } from "./value.js";

/** Functions on lists that are Portico's own. Docs: design, "Expressions are CEL". */

/** `list.sum()`; of an empty list, 0. */
export function sumInt<T extends Value>(list: readonly T[]): NonNullable<T> | bigint {
  return sum(list, 0n);
}

/** `list.sum()`; of an empty list, 0u. */
export function sumUint<T extends Value>(list: readonly T[]): NonNullable<T> | Uint {
  return sum(list, new Uint(0n));
}

/** `list.sum()`; of an empty list, 0.0. */
export function sumDouble<T extends Value>(list: readonly T[]): NonNullable<T> | number {
  return sum(list, 0);
}

/** `list.sum()`; of an empty list, no time at all. */
export function sumDuration<T extends Value>(list: readonly T[]): NonNullable<T> | Duration {
  return sum(list, new Duration(0n));
}

function sum<T extends Value, Z extends Value>(list: readonly T[], zero: Z): NonNullable<T> | Z {
  spend(list.length);
  let total: Value | undefined;
  for (const element of list) total = total === undefined ? summable(element) : add(total, element);
  return total === undefined ? zero : (total as NonNullable<T>);
}

function summable(value: Value): Value {
  return ["int", "uint", "double", "duration"].includes(kindOf(value)) ? value : noOverload("sum", value);
}

/** `list.avg()`: of numbers, as a double; of an empty list, an error. */
export function avg(list: readonly Value[]): number {
  spend(list.length);
  if (list.length === 0) return fail("avg of an empty list");
  return list.reduce<number>((total, element) => total + toDouble(number(element)), 0) / list.length;
}

function number(value: Value): Value {
  return typeof value === "string" ? fail("no such overload: avg of strings") : value;
}

/** `list.min()`: of an empty list, an error. */
export function min<T extends Value>(list: readonly T[]): NonNullable<T> {
  return extreme("min", list, -1);
}

/** `list.max()`: of an empty list, an error. */
export function max<T extends Value>(list: readonly T[]): NonNullable<T> {
  return extreme("max", list, 1);
}

function extreme<T extends Value>(name: string, list: readonly T[], sign: number): NonNullable<T> {
  spend(list.length);
  if (list.length === 0) return fail(`${name} of an empty list`);
  // Of one element too, the type must have an order.
  compare(list[0]!, list[0]!);
  return list.reduce((best, element) => (compare(element, best) * sign > 0 ? element : best))!;
}

/** `list.first()`: of an empty list, an error. */
export function first<T = Value>(list: readonly T[]): T {
  return list.length === 0 ? fail("first of an empty list") : list[0]!;
}

/** `list.last()`: of an empty list, an error. */
export function last<T = Value>(list: readonly T[]): T {
  return list.length === 0 ? fail("last of an empty list") : list[list.length - 1]!;
}

/** `list.take(count)`: the first elements, or all if there are fewer. */
export function take<T = Value>(list: readonly T[], count: bigint): readonly T[] {
  if (count < 0n) return fail("take of less than nothing");
  return count >= BigInt(list.length) ? list : list.slice(0, Number(count));
}

/** `list.distinct()`: each value once, where it came first. */
export function distinct<T extends Value>(list: readonly T[]): readonly T[] {
  return metered(() => {
    const simple = new Set<Value>();
    const others: T[] = [];
    return list.filter((element) => {
      // Strings and bools are equal only to themselves; numbers may equal those of another type.
      if (typeof element === "string" || typeof element === "boolean") {
        if (simple.has(element)) return false;
        simple.add(element);
        return true;
      }
      if (typeof element === "bigint" && simple.has(element)) return false;
      spend(others.length + 1);
      if (others.some((other) => equals(other, element))) return false;
      if (typeof element === "bigint") simple.add(element);
      others.push(element);
      return true;
    });
  });
}

/** `list.sort_by(x, key)`: by the keys, equal ones in the order they came in. */
export function sortBy<T = Value>(list: readonly T[], key: (element: T) => Value): readonly T[] {
  const keyed = map(list, (element) => ({ element, key: key(element) }));
  spend(keyed.length * Math.ceil(Math.log2(keyed.length + 1)));
  return [...keyed].sort((a, b) => compare(a.key, b.key)).map(({ element }) => element);
}

/** NaN after all other numbers, so that the order is total. */
function compare(a: Value, b: Value): number {
  return order("an order", a, b, (x, y) => {
    if (x < y) return -1;
    if (x > y) return 1;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  });
}

/** `uuid()`: a random UUID. */
export function uuid(): string {
  return randomUUID();
}
