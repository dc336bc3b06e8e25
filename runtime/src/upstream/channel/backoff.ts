/** How attempts that fail are spaced. Times are in milliseconds. */
export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

const FACTOR = 1.6;
const JITTER = 0.2;

/**
 * The time between one attempt and the next, after so many failures in a row: exponential, and spread, so that not all
 * gateways come at once when an upstream is back.
 *
 * @param random between 0 and 1.
 * @see https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md
 */
export function backoffMs(failures: number, options: BackoffOptions, random = Math.random()): number {
  if (failures === 0) return 0;
  const delayMs = Math.min(options.initialMs * FACTOR ** (failures - 1), options.maxMs);
  return delayMs * (1 - JITTER + 2 * JITTER * random);
}
