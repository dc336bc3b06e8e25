import { checkElements, checkLength, spend } from "./budget.js";
import { addInt, addUint, subtractInt, subtractUint } from "./number.js";
import {
  addDurations,
  addToTimestamp,
  Duration,
  since,
  subtractDurations,
  subtractFromTimestamp,
  Timestamp,
} from "./time.js";
import { noOverload, Uint, type Value } from "./value.js";

/** `a + b` of strings. */
export function concatStrings(a: string, b: string): string {
  checkLength(a.length + b.length);
  return a + b;
}

/** `a + b` of bytes. */
export function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  checkLength(a.length + b.length);
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** `a + b` of lists. */
export function concatLists<A = Value, B = Value>(a: readonly A[], b: readonly B[]): readonly (A | B)[] {
  checkElements(a.length + b.length);
  spend(a.length + b.length);
  return [...a, ...b];
}

/** `a + b` of values whose types are known only now. */
export function add(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return addInt(a, b);
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "string" && typeof b === "string") return concatStrings(a, b);
  if (a instanceof Uint && b instanceof Uint) return addUint(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return concatLists(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return concatBytes(a, b);
  if (a instanceof Timestamp && b instanceof Duration) return addToTimestamp(a, b);
  if (a instanceof Duration && b instanceof Timestamp) return addToTimestamp(b, a);
  if (a instanceof Duration && b instanceof Duration) return addDurations(a, b);
  return noOverload("_+_", a, b);
}

/** `a - b` of values whose types are known only now. */
export function subtract(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return subtractInt(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof Uint && b instanceof Uint) return subtractUint(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return since(a, b);
  if (a instanceof Timestamp && b instanceof Duration) return subtractFromTimestamp(a, b);
  if (a instanceof Duration && b instanceof Duration) return subtractDurations(a, b);
  return noOverload("_-_", a, b);
}
