import { randomInt } from "node:crypto";
import { type ByteKey, hashOf, latin1Of } from "../wire/byte-key.js";

// Keys come from others, who may choose them so that they meet in one place. They cannot know the seed; and however they
// are chosen, no key is compared with more than so many others: what finds no place goes to a Map.
const MAX_PROBES = 16;
const FIRST_SLOTS = 32;
const FREE = -1;
const seed = randomInt(0x1_0000_0000) | 0;

/** Numbers by keys that are bytes: a hash table in which a look-up makes no object. */
export class ByteIndex {
  #count = 0;
  #mask = FIRST_SLOTS - 1;
  /** For each slot, the number of its key, or FREE; and the key's hash. */
  #numbers: number[] = new Array(FIRST_SLOTS).fill(FREE);
  #hashes: number[] = new Array(FIRST_SLOTS).fill(0);
  readonly #keys: ByteKey[] = [];
  /** The hash of the key that was looked for last. */
  #hash = 0;
  /** The keys that found no slot, one character per byte. */
  #rest: Map<string, number> | undefined;

  /** How many keys found no slot. */
  get rest(): number {
    return this.#rest?.size ?? 0;
  }

  /** The number of the key that is the bytes [start, start + length), or -1. */
  find(view: DataView, start: number, length: number): number {
    const hash = hashOf(view, start, length, seed);
    this.#hash = hash;
    const numbers = this.#numbers;
    const mask = this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      const number = numbers[slot]!;
      if (number === FREE) return -1;
      if (this.#hashes[slot] === hash && this.#keys[number]!.equals(view, start, length)) return number;
    }
    return this.#rest?.get(latin1Of(view, start, length)) ?? -1;
  }

  /** Adds the key that was looked for last, and not found. */
  add(key: ByteKey, number: number): void {
    this.#keys[number] = key;
    // Half of the slots stay free, so that few keys meet.
    if (++this.#count * 2 > this.#numbers.length) this.#grow();
    else this.#place(key, number, this.#hash);
  }

  #place(key: ByteKey, number: number, hash: number): void {
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & this.#mask;
      if (this.#numbers[slot] !== FREE) continue;
      this.#numbers[slot] = number;
      this.#hashes[slot] = hash;
      return;
    }
    this.#rest ??= new Map();
    this.#rest.set(key.latin1(), number);
  }

  #grow(): void {
    const slots = this.#numbers.length * 4;
    this.#mask = slots - 1;
    this.#numbers = new Array(slots).fill(FREE);
    this.#hashes = new Array(slots).fill(0);
    this.#rest = undefined;
    this.#keys.forEach((key, number) => {
      this.#place(key, number, hashOf(key.view, key.start, key.length, seed));
    });
  }
}
