const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/**
 * Reads the header `grpc-timeout`, in milliseconds; undefined if it is malformed. A timeout of 0 is taken, although
 * the grammar asks for a positive number: clients send it when their deadline has just passed.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function parseGrpcTimeout(text: string): number | undefined {
  const digits = text.length - 1;
  if (digits < 1 || digits > 8) return undefined;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  const unit = unitMs[text[digits]!];
  return unit === undefined ? undefined : value * unit;
}

/** A time as value of the header `grpc-timeout`: at most eight digits, rounded up, never 0. */
export function formatGrpcTimeout(ms: number): string {
  if (ms < 1) return `${Math.max(1, Math.ceil(ms * 1_000))}u`;
  const whole = Math.ceil(ms);
  if (whole < 100_000_000) return `${whole}m`;
  const seconds = Math.ceil(whole / 1_000);
  return seconds < 100_000_000 ? `${seconds}S` : `${Math.min(Math.ceil(seconds / 3_600), 99_999_999)}H`;
}
