/**
 * Bytes that all connections which share it may hold together: many that each keep within their own limit are not to
 * fill the memory.
 */
export class ByteBudget {
  used = 0;

  constructor(readonly maxBytes: number) {}

  /** Whether so many bytes more may be held. */
  allows(count: number): boolean {
    return this.used + count <= this.maxBytes;
  }
}

/** No bound. */
export function unbounded(): ByteBudget {
  return new ByteBudget(Number.POSITIVE_INFINITY);
}
