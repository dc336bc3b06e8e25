import { checkElements, metered, spend } from "./budget.js";
import { CelError } from "./error.js";
import { CelMap } from "./map.js";
import { noOverload, type Value } from "./value.js";

/**
 * The loops of macros. With one variable, `range` is the elements of a list or the keys of a map; with two, pairs of
 * index and element or of key and value.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros
 */

/** What a macro with one variable goes through, where it is known only now whether it is a list or a map. */
export function rangeOf(value: Value): readonly Value[] {
  if (value instanceof CelMap) return value.keys();
  return Array.isArray(value) ? (value as readonly Value[]) : noOverload("a macro", value);
}

/** What a macro with two variables goes through in a list. */
export function indexed<T = Value>(list: readonly T[]): (readonly [bigint, T])[] {
  return list.map((element, i) => [BigInt(i), element] as const);
}

/** What a macro with two variables goes through, where it is known only now whether it is a list or a map. */
export function pairsOf(value: Value): (readonly [Value, Value])[] {
  if (value instanceof CelMap) return value.entries();
  return Array.isArray(value) ? indexed(value as readonly Value[]) : noOverload("a macro", value);
}

/** `range.all(x, test)`: false if one is false, whatever the others do. */
export function all<T = Value>(range: readonly T[], test: (element: T) => boolean): boolean {
  return metered(() => decide(range, test, false));
}

/** `range.exists(x, test)`: true if one is true, whatever the others do. */
export function exists<T = Value>(range: readonly T[], test: (element: T) => boolean): boolean {
  return metered(() => decide(range, test, true));
}

function decide<T>(range: readonly T[], test: (element: T) => boolean, decisive: boolean): boolean {
  let failure: CelError | undefined;
  for (const element of range) {
    spend(1);
    try {
      if (test(element) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

/** `range.exists_one(x, test)`: does not stop at the second, nor at an error. */
export function existsOne<T = Value>(range: readonly T[], test: (element: T) => boolean): boolean {
  return filter(range, test).length === 1;
}

/** `range.filter(x, test)` */
export function filter<T = Value>(range: readonly T[], test: (element: T) => boolean): readonly T[] {
  return metered(() =>
    range.filter((element) => {
      spend(1);
      return test(element);
    }),
  );
}

/** `range.map(x, value)` */
export function map<T = Value, R = Value>(range: readonly T[], value: (element: T) => R): readonly R[] {
  checkElements(range.length);
  return metered(() =>
    range.map((element) => {
      spend(1);
      return value(element);
    }),
  );
}

/** `range.map(x, test, value)` */
export function filterMap<T = Value, R = Value>(
  range: readonly T[],
  test: (element: T) => boolean,
  value: (element: T) => R,
): readonly R[] {
  const made: R[] = [];
  return metered(() => {
    for (const element of range) {
      spend(1);
      if (test(element)) made.push(value(element));
    }
    return made;
  });
}

/** `range.transformMap(key, old, value)` */
export function transformMap<K extends Value, T extends Value, R extends Value>(
  range: readonly (readonly [K, T])[],
  value: (pair: readonly [K, T]) => R,
): CelMap<K, R> {
  return new CelMap(map(range, (pair) => [pair[0], value(pair)] as const));
}

/** `range.transformMap(key, old, test, value)` */
export function filterTransformMap<K extends Value, T extends Value, R extends Value>(
  range: readonly (readonly [K, T])[],
  test: (pair: readonly [K, T]) => boolean,
  value: (pair: readonly [K, T]) => R,
): CelMap<K, R> {
  return new CelMap(filterMap(range, test, (pair) => [pair[0], value(pair)] as const));
}
