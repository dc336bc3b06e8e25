/** A bucket of things that are allowed: what is taken comes back with time, up to its size. */
export class Bucket {
  readonly #size: number;
  readonly #perSecond: number;
  #left: number;
  #filledMs: number;

  constructor(size: number, perSecond: number, nowMs: number) {
    this.#size = size;
    this.#perSecond = perSecond;
    this.#left = size;
    this.#filledMs = nowMs;
  }

  /** Takes some; false when there were not enough. */
  take(count: number, nowMs: number): boolean {
    this.#left -= count;
    if (this.#left >= 0) return true;
    // Only a bucket that is empty looks at the clock: one that is used within its size costs a subtraction.
    this.#left = Math.min(this.#size, this.#left + ((nowMs - this.#filledMs) / 1000) * this.#perSecond);
    this.#filledMs = nowMs;
    return this.#left >= 0;
  }

  /** Puts some back, up to the size. */
  put(count: number): void {
    this.#left = Math.min(this.#size, this.#left + count);
  }
}
