import { fail } from "./error.js";
import { Duration, split, Timestamp } from "./time.js";
import { noOverload, type Value } from "./value.js";

/**
 * Parts of a timestamp in a time zone, and of a duration as a whole. A zone is a name of the IANA database, or an
 * offset ("+02:00", "-08:30"); UTC without one.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#timezones
 */

const OFFSET = /^([+-])?(\d\d):(\d\d)$/;
const MAX_ZONES = 64;
const zones = new Map<string, Intl.DateTimeFormat>();

export function getFullYear(time: Timestamp, zone = "UTC"): bigint {
  return BigInt(local(time, zone).getUTCFullYear());
}

/** From 0. */
export function getMonth(time: Timestamp, zone = "UTC"): bigint {
  return BigInt(local(time, zone).getUTCMonth());
}

/** Day of the month, from 1. */
export function getDate(time: Timestamp, zone = "UTC"): bigint {
  return BigInt(local(time, zone).getUTCDate());
}

/** Day of the month, from 0. */
export function getDayOfMonth(time: Timestamp, zone = "UTC"): bigint {
  return getDate(time, zone) - 1n;
}

/** From 0, a Sunday. */
export function getDayOfWeek(time: Timestamp, zone = "UTC"): bigint {
  return BigInt(local(time, zone).getUTCDay());
}

/** From 0. */
export function getDayOfYear(time: Timestamp, zone = "UTC"): bigint {
  const date = local(time, zone);
  const start = new Date(date);
  start.setUTCMonth(0, 1);
  return BigInt(Math.round((date.getTime() - start.getTime()) / 86_400_000));
}

/** Of a duration: all of it, in hours. */
export function getHours(value: Value, zone = "UTC"): bigint {
  if (value instanceof Duration) return value.nanos / 3_600_000_000_000n;
  return BigInt(local(asTime("getHours", value), zone).getUTCHours());
}

/** Of a duration: all of it, in minutes. */
export function getMinutes(value: Value, zone = "UTC"): bigint {
  if (value instanceof Duration) return value.nanos / 60_000_000_000n;
  return BigInt(local(asTime("getMinutes", value), zone).getUTCMinutes());
}

/** Of a duration: all of it, in seconds. */
export function getSeconds(value: Value, zone = "UTC"): bigint {
  if (value instanceof Duration) return value.nanos / 1_000_000_000n;
  return BigInt(local(asTime("getSeconds", value), zone).getUTCSeconds());
}

/** Of a duration too: those of its last second. */
export function getMilliseconds(value: Value, zone = "UTC"): bigint {
  if (value instanceof Duration) return (value.nanos % 1_000_000_000n) / 1_000_000n;
  const time = asTime("getMilliseconds", value);
  local(time, zone);
  return split(time.nanos).rest / 1_000_000n;
}

function asTime(name: string, value: Value): Timestamp {
  return value instanceof Timestamp ? value : noOverload(name, value);
}

/** A date whose parts in UTC are those of the time in the zone. */
function local(time: Timestamp, zone: string): Date {
  const date = new Date(Number(split(time.nanos).seconds) * 1000);
  if (zone === "UTC") return date;
  const offset = OFFSET.exec(zone);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    if (minutes >= 24 * 60 || Number(offset[3]) > 59) fail("no such time zone");
    return new Date(date.getTime() + (offset[1] === "-" ? -minutes : minutes) * 60_000);
  }
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(date)) parts[type] = Number(value);
  const shifted = new Date(0);
  shifted.setUTCFullYear(parts.year!, parts.month! - 1, parts.day!);
  shifted.setUTCHours(parts.hour!, parts.minute!, parts.second!);
  return shifted;
}

/** Formats are dear to make, and zones may come from clients: a bounded number is kept. */
function formatOf(zone: string): Intl.DateTimeFormat {
  let format = zones.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      return fail("no such time zone");
    }
    if (zones.size >= MAX_ZONES) zones.clear();
    zones.set(zone, format);
  }
  return format;
}
