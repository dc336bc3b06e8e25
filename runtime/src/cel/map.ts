import { checkElements } from "./budget.js";
import { fail } from "./error.js";
import { Uint, type Value } from "./value.js";

/** A key such that equal keys are the same to a JavaScript Map: numbers of all types are bigints. */
type Normal = string | bigint | boolean;

/**
 * A map. Keys are int, uint, bool or string; numbers are looked up by value, whatever their type.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#aggregate-values
 */
export class CelMap<K extends Value, V extends Value> {
  readonly kind = "map";
  readonly #entries = new Map<Normal, readonly [K, V]>();

  /** `duplicates`: a literal may not repeat a key; in a message, the last one wins. */
  constructor(entries: Iterable<readonly [K, V]>, duplicates: "fail" | "last" = "fail") {
    for (const entry of entries) {
      const key = normal(entry[0]);
      if (key === undefined || typeof entry[0] === "number") fail("unsupported key type");
      if (duplicates === "fail" && this.#entries.has(key)) fail("repeated key");
      this.#entries.set(key, entry);
    }
    checkElements(this.#entries.size);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key; undefined where there is none. */
  find(key: Value): V | undefined {
    const wanted = normal(key);
    return wanted === undefined ? undefined : this.#entries.get(wanted)?.[1];
  }

  /** What comes of a key that is looked up and is not there. */
  missing(_key: Value): never {
    return fail("no such key");
  }

  has(key: Value): boolean {
    const wanted = normal(key);
    return wanted !== undefined && this.#entries.has(wanted);
  }

  keys(): K[] {
    return Array.from(this.#entries.values(), (entry) => entry[0]);
  }

  entries(): (readonly [K, V])[] {
    return [...this.#entries.values()];
  }
}

/** A map literal. An empty one has keys and values of whatever types are wanted. */
// biome-ignore lint/suspicious/noExplicitAny: there are no keys and values
export function mapOf(): CelMap<any, any>;
export function mapOf<E extends readonly (readonly [Value, Value])[]>(
  ...entries: E
): CelMap<E[number][0], E[number][1]>;
export function mapOf<E extends readonly (readonly [Value, Value])[]>(
  ...entries: E
): CelMap<E[number][0], E[number][1]> {
  return new CelMap(entries);
}

function normal(key: Value): Normal | undefined {
  switch (typeof key) {
    case "string":
    case "bigint":
    case "boolean":
      return key;
    case "number":
      return Number.isInteger(key) ? BigInt(key) : undefined;
    default:
      return key instanceof Uint ? key.value : undefined;
  }
}
