import { checkLength } from "./budget.js";
import { fail } from "./error.js";
import { int, uint } from "./number.js";
import { Duration, split, Timestamp, timestampOf } from "./time.js";
import { durationText, parseDuration, parseTimestamp, timestampText } from "./time-text.js";
import { noOverload, Uint, type Value } from "./value.js";

/**
 * Conversions: `int(x)`, `string(x)` and the like. Each takes values of every type that it is defined for.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
 */

/** `int(value)`: doubles are cut towards zero, times are seconds since 1970. */
export function toInt(value: Value): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof Uint) return int(value.value);
  // The doubles next to the ends of the range are outside of it, so the ends are left out.
  if (typeof value === "number")
    return value > -(2 ** 63) && value < 2 ** 63 ? cut(value) : fail("int range");
  if (typeof value === "string")
    return /^[+-]?\d{1,20}$/.test(value) ? int(BigInt(value)) : fail("not an int");
  if (value instanceof Timestamp) return split(value.nanos).seconds;
  return noOverload("int", value);
}

/** `uint(value)`: doubles are cut towards zero. */
export function toUint(value: Value): Uint {
  if (value instanceof Uint) return value;
  if (typeof value === "bigint") return uint(value);
  if (typeof value === "number") return value > -1 && value < 2 ** 64 ? uint(cut(value)) : fail("uint range");
  if (typeof value === "string") return /^\d{1,20}$/.test(value) ? uint(BigInt(value)) : fail("not a uint");
  return noOverload("uint", value);
}

function cut(value: number): bigint {
  return BigInt(Math.trunc(value));
}

const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^([+-]?)(?:(inf|infinity)|nan)$/i;

/** `double(value)` */
export function toDouble(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== "string") return noOverload("double", value);
  if (value.length > 1024) return fail("not a double");
  if (DOUBLE.test(value)) return Number(value);
  const match = NOT_FINITE.exec(value);
  if (match === null) return fail("not a double");
  if (match[2] === undefined) return Number.NaN;
  return match[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** `bool(value)` */
export function toBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return noOverload("bool", value);
  if (["1", "t", "true", "TRUE", "True"].includes(value)) return true;
  return ["0", "f", "false", "FALSE", "False"].includes(value) ? false : fail("not a bool");
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `string(value)`: bytes are UTF-8. */
export function toText(value: Value): string {
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    default:
      if (value instanceof Uint) return String(value.value);
      if (value instanceof Uint8Array) return decode(value);
      if (value instanceof Timestamp) return timestampText(value);
      if (value instanceof Duration) return durationText(value);
      return noOverload("string", value);
  }
}

function decode(bytes: Uint8Array): string {
  checkLength(bytes.length);
  try {
    return utf8.decode(bytes);
  } catch {
    return fail("invalid UTF-8");
  }
}

/** `bytes(value)`: strings become UTF-8. */
export function toBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") return noOverload("bytes", value);
  checkLength(value.length);
  return new TextEncoder().encode(value);
}

/** `timestamp(value)`: a text of RFC 3339, or seconds since 1970. */
export function toTimestamp(value: Value): Timestamp {
  if (value instanceof Timestamp) return value;
  if (typeof value === "string") return parseTimestamp(value);
  return typeof value === "bigint" ? timestampOf(value, 0) : noOverload("timestamp", value);
}

/** `duration(value)` */
export function toDuration(value: Value): Duration {
  if (value instanceof Duration) return value;
  return typeof value === "string" ? parseDuration(value) : noOverload("duration", value);
}
