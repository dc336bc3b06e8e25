import { fail } from "./error.js";

/**
 * Timestamps and durations, in whole nanoseconds.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#abstract-types
 */

const SECOND = 1_000_000_000n;
/** 0001-01-01T00:00:00Z */
const MIN_TIMESTAMP = -62_135_596_800n * SECOND;
/** 9999-12-31T23:59:59.999999999Z */
const MAX_TIMESTAMP = 253_402_300_800n * SECOND - 1n;
/** Durations have 64 bits of nanoseconds: about 292 years either way. */
const MAX_DURATION = 2n ** 63n - 1n;

/** A point in time. Years 1 to 9999. */
export class Timestamp {
  readonly kind = "timestamp";

  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  constructor(readonly nanos: bigint) {
    if (nanos < MIN_TIMESTAMP || nanos > MAX_TIMESTAMP) fail("timestamp out of range");
  }

  /** Lets `<` and the like compare. */
  valueOf(): bigint {
    return this.nanos;
  }
}

/** A span of time. */
export class Duration {
  readonly kind = "duration";

  constructor(readonly nanos: bigint) {
    if (nanos > MAX_DURATION || nanos < -MAX_DURATION - 1n) fail("duration out of range");
  }

  /** Lets `<` and the like compare. */
  valueOf(): bigint {
    return this.nanos;
  }
}

/** A google.protobuf.Timestamp. */
export function timestampOf(seconds: bigint, nanos: number): Timestamp {
  return new Timestamp(seconds * SECOND + BigInt(nanos));
}

/** A google.protobuf.Duration. */
export function durationOf(seconds: bigint, nanos: number): Duration {
  return new Duration(seconds * SECOND + BigInt(nanos));
}

/** `time + duration` */
export function addToTimestamp(time: Timestamp, span: Duration): Timestamp {
  return new Timestamp(time.nanos + span.nanos);
}

/** `duration + time` */
export function addTimestampTo(span: Duration, time: Timestamp): Timestamp {
  return addToTimestamp(time, span);
}

/** `time - duration` */
export function subtractFromTimestamp(time: Timestamp, span: Duration): Timestamp {
  return new Timestamp(time.nanos - span.nanos);
}

/** `time - earlier` */
export function since(time: Timestamp, earlier: Timestamp): Duration {
  return new Duration(time.nanos - earlier.nanos);
}

/** `a + b` */
export function addDurations(a: Duration, b: Duration): Duration {
  return new Duration(a.nanos + b.nanos);
}

/** `a - b` */
export function subtractDurations(a: Duration, b: Duration): Duration {
  return new Duration(a.nanos - b.nanos);
}

/** The time of the clock. */
export function now(): Timestamp {
  return new Timestamp(BigInt(Date.now()) * 1_000_000n);
}

/** Whole seconds before a number of nanoseconds, and the rest, 0 to 999,999,999. */
export function split(nanos: bigint): { seconds: bigint; rest: bigint } {
  const rest = ((nanos % SECOND) + SECOND) % SECOND;
  return { seconds: (nanos - rest) / SECOND, rest };
}
