import type { Context, Place } from "./context.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const MAX_MS = 3_600_000;

/** "250ms", "2s", "1m" in milliseconds; reports anything else, and what is not between 1 ms and 1 h. */
export function parseDuration(context: Context, text: string, place: Place): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const ms = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!]!;
  if (ms >= 1 && ms <= MAX_MS) return Math.round(ms);
  context.report(
    "duration",
    place,
    `"${text}" is not a duration between 1ms and 60m`,
    'write it as "250ms", "2s" or "1m"',
  );
  return undefined;
}
