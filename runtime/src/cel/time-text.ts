import { fail } from "./error.js";
import { Duration, split, type Timestamp, timestampOf } from "./time.js";

/** Longer texts are neither times nor durations. */
const MAX_TEXT = 256;

const RFC_3339 =
  /^(\d{4,5})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * `timestamp(text)`
 *
 * Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseTimestamp(text: string): Timestamp {
  const match = text.length <= MAX_TEXT ? RFC_3339.exec(text) : null;
  if (match === null) return fail("not a timestamp");
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[];
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as those of the 20th century.
  date.setUTCFullYear(year!, month! - 1, day!);
  const isDate = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day!;
  if (!isDate || hour! > 23 || minute! > 59 || second! > 59) return fail("not a timestamp");
  date.setUTCHours(hour!, minute!, second!);
  const offset = match[8] === undefined ? 0 : Number(match[9]) * 3600 + Number(match[10]) * 60;
  const seconds = date.getTime() / 1000 - (match[8] === "-" ? -offset : offset);
  return timestampOf(BigInt(seconds), Number((match[7] ?? "").padEnd(9, "0")));
}

/** `string(timestamp)`: in UTC, with as many decimals as it needs. */
export function timestampText(time: Timestamp): string {
  const { seconds, rest } = split(time.nanos);
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${decimals(rest)}Z`;
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ns: 1n,
};

const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/;
const DURATION_PART = /(\d*)(?:\.(\d*))?(h|ms|m|s|us|µs|μs|ns)/g;

/** `duration(text)`: numbers with the units h, m, s, ms, us, ns ("1h30m", "-1.5s"), or "0". */
export function parseDuration(text: string): Duration {
  if (text === "0") return new Duration(0n);
  if (text.length > MAX_TEXT || !DURATION.test(text)) return fail("not a duration");
  let nanos = 0n;
  for (const [, whole, fraction = "", unit] of text.matchAll(DURATION_PART)) {
    const scale = UNITS[unit!]!;
    nanos += BigInt(whole || "0") * scale;
    if (fraction !== "") nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return new Duration(text.startsWith("-") ? -nanos : nanos);
}

/** `string(duration)`: in seconds, with as many decimals as it needs. */
export function durationText(span: Duration): string {
  const { nanos } = span;
  const { seconds, rest } = split(nanos < 0n ? -nanos : nanos);
  return `${nanos < 0n ? "-" : ""}${seconds}${decimals(rest)}s`;
}

function decimals(nanos: bigint): string {
  return nanos === 0n ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}
