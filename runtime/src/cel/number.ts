import { fail } from "./error.js";
import { noOverload, Uint, type Value } from "./value.js";

/**
 * Arithmetic. What does not fit into 64 bits is an error, doubles follow IEEE 754.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#overflow
 */

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** A result as an int; fails where it does not fit. */
export function int(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) fail("int overflow");
  return value;
}

/** A result as a uint; fails where it does not fit. */
export function uint(value: bigint): Uint {
  if (value > MAX_UINT || value < 0n) fail("uint overflow");
  return new Uint(value);
}

export function addInt(a: bigint, b: bigint): bigint {
  return int(a + b);
}

export function subtractInt(a: bigint, b: bigint): bigint {
  return int(a - b);
}

export function multiplyInt(a: bigint, b: bigint): bigint {
  return int(a * b);
}

/** Rounds towards zero. */
export function divideInt(a: bigint, b: bigint): bigint {
  if (b === 0n) fail("division by zero");
  return int(a / b);
}

/** Has the sign of the dividend. */
export function moduloInt(a: bigint, b: bigint): bigint {
  if (b === 0n) fail("modulus by zero");
  return a % b;
}

export function negateInt(a: bigint): bigint {
  return int(-a);
}

export function addUint(a: Uint, b: Uint): Uint {
  return uint(a.value + b.value);
}

export function subtractUint(a: Uint, b: Uint): Uint {
  return uint(a.value - b.value);
}

export function multiplyUint(a: Uint, b: Uint): Uint {
  return uint(a.value * b.value);
}

export function divideUint(a: Uint, b: Uint): Uint {
  if (b.value === 0n) fail("division by zero");
  return new Uint(a.value / b.value);
}

export function moduloUint(a: Uint, b: Uint): Uint {
  if (b.value === 0n) fail("modulus by zero");
  return new Uint(a.value % b.value);
}

/** `a * b` of values whose types are known only now. */
export function multiply(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return multiplyInt(a, b);
  if (typeof a === "number" && typeof b === "number") return a * b;
  if (a instanceof Uint && b instanceof Uint) return multiplyUint(a, b);
  return noOverload("_*_", a, b);
}

/** `a / b` of values whose types are known only now. */
export function divide(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return divideInt(a, b);
  if (typeof a === "number" && typeof b === "number") return a / b;
  if (a instanceof Uint && b instanceof Uint) return divideUint(a, b);
  return noOverload("_/_", a, b);
}

/** `a % b` of values whose types are known only now. */
export function modulo(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return moduloInt(a, b);
  if (a instanceof Uint && b instanceof Uint) return moduloUint(a, b);
  return noOverload("_%_", a, b);
}

/** `-a` of a value whose type is known only now. */
export function negate(a: Value): Value {
  if (typeof a === "bigint") return negateInt(a);
  if (typeof a === "number") return -a;
  return noOverload("-_", a);
}
