/**
 * Bytes of answers that may wait for their clients, over all connections that share it: many that each keep within
 * their own limit are not to fill the memory together.
 */
export class QueueBudget {
  used = 0;

  constructor(readonly maxBytes: number) {}

  /** Whether so many bytes more may wait. */
  allows(count: number): boolean {
    return this.used + count <= this.maxBytes;
  }
}
