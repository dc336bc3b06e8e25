import type { Http2Stream } from "./stream.js";

const FIRST_SLOTS = 16;

/**
 * Streams by their ids. It is no Map: one whose entries come and go is made anew again and again by the engine, each old
 * table holding what it had and the next table; once one of them is old enough to be spared by minor collections, they
 * spare all that follow, and each stream with all it refers to is left to the major ones. That was a third of all CPU.
 */
export class StreamMap {
  /** How many there are. */
  size = 0;

  #slots: Array<Http2Stream | undefined> = new Array(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;

  get(id: number): Http2Stream | undefined {
    const slots = this.#slots;
    for (let at = this.#home(id); ; at = (at + 1) & this.#mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream, whose id none here has. */
  add(stream: Http2Stream): void {
    // At most half of it is used, so that there is always an end to a search.
    if (++this.size * 2 > this.#slots.length) this.#grow();
    this.#put(stream);
  }

  /** Does nothing if it is not here. */
  delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = this.#home(id);
    while (slots[hole]?.id !== id) {
      if (slots[hole] === undefined) return;
      hole = (hole + 1) & mask;
    }
    this.size--;
    // Those behind it that would not be found beyond a hole move up.
    for (let at = (hole + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const home = this.#home(slots[at]!.id);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at];
      hole = at;
    }
    slots[hole] = undefined;
  }

  /** All there are now. */
  values(): Http2Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  // Ids go up by two: neighbours stand side by side.
  #home(id: number): number {
    return (id >>> 1) & this.#mask;
  }

  #put(stream: Http2Stream): void {
    let at = this.#home(stream.id);
    while (this.#slots[at] !== undefined) at = (at + 1) & this.#mask;
    this.#slots[at] = stream;
  }

  #grow(): void {
    const streams = this.values();
    this.#mask = this.#slots.length * 2 - 1;
    this.#slots = new Array(this.#mask + 1).fill(undefined);
    for (const stream of streams) this.#put(stream);
  }
}
