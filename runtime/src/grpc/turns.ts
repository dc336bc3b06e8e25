/** Work of which little may be under way at once; the rest waits for its turn, in order. */
export class Turns {
  readonly #most: number;
  readonly #waiting: Array<() => void> = [];
  #underWay = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isFree(): boolean {
    return this.#underWay < this.#most;
  }

  /** Starts the work, now or when others are done; it calls `done` once. */
  take(work: (done: () => void) => void): void {
    const start = () => {
      let over = false;
      work(() => {
        if (over) return;
        over = true;
        this.#next();
      });
    };
    if (!this.isFree) {
      this.#waiting.push(start);
      return;
    }
    this.#underWay++;
    start();
  }

  // The place goes over to the next, if there is one.
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay--;
    else next();
  }
}
