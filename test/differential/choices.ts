/**
 * Decisions that a list of numbers makes: the same list makes the same ones, and zeros (what comes after its end) the
 * simplest, so that fast-check can shrink what they lead to.
 */
export class Choices {
  #at = 0;

  constructor(readonly tape: readonly number[]) {}

  /** A whole number from 0, below `n`. */
  below(n: number): number {
    return (this.tape[this.#at++] ?? 0) % n;
  }

  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  /** One of a list, of which the first is the simplest. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
