import type { Literal } from "./syntax.js";

/** What conversions take, as the runtime does: test/cel/constants.test.ts compares the two. */

export const INT_RANGE = [-(2n ** 63n), 2n ** 63n - 1n] as const;
export const UINT_RANGE = [0n, 2n ** 64n - 1n] as const;

const MAX_TEXT = 256;
const RFC_3339 =
  /^(\d{4,5})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** Whether `timestamp(text)` has a value. */
export function isTimestamp(text: string): boolean {
  const match = text.length <= MAX_TEXT ? RFC_3339.exec(text) : null;
  if (match === null) return false;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[];
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  const isDate = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day!;
  if (!isDate || hour! > 23 || minute! > 59 || second! > 59) return false;
  date.setUTCHours(hour!, minute!, second!);
  const offset = match[7] === undefined ? 0 : Number(match[8]) * 3600 + Number(match[9]) * 60;
  const seconds = date.getTime() / 1000 - (match[7] === "-" ? -offset : offset);
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}

const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/;

/** Whether `duration(text)` may have a value: one that is too long is left for run time. */
export function isDuration(text: string): boolean {
  return text === "0" || (text.length <= MAX_TEXT && DURATION.test(text));
}

/** Whether `int(literal)`, or `uint(literal)`, has a value. */
export function isInteger(name: "int" | "uint", literal: Literal): boolean {
  const [least, most] = name === "int" ? INT_RANGE : UINT_RANGE;
  const isIn = (value: bigint) => value >= least && value <= most;
  switch (literal.type) {
    case "int":
    case "uint":
      return isIn(literal.value);
    case "double":
      return name === "int"
        ? literal.value > -(2 ** 63) && literal.value < 2 ** 63
        : literal.value > -1 && literal.value < 2 ** 64;
    case "string": {
      const isNumber = name === "int" ? /^[+-]?\d{1,20}$/ : /^\d{1,20}$/;
      return isNumber.test(literal.value) && isIn(BigInt(literal.value.replace(/^\+/, "")));
    }
    default:
      return true;
  }
}

const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^[+-]?(?:inf|infinity|nan)$/i;

/** Whether `double(text)` has a value. */
export function isDouble(text: string): boolean {
  return text.length <= 1024 && (DOUBLE.test(text) || NOT_FINITE.test(text));
}
