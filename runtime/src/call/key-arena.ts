import { ByteKey } from "../wire/byte-key.js";
import type { Key } from "../wire/scalar.js";

const FIRST_BYTES = 512;
const MAX_CHUNK_BYTES = 64 * 1024;
const NUMBER_BYTES = 10;

// What a part starts with.
const NUMBER = 0;
const BYTES = 1;
const TWO_32 = 0x1_0000_0000;
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;

/**
 * Writes keys that are no bytes themselves (numbers, tuples) as bytes, so that they are found as others are. Equal keys
 * have equal bytes, and different keys different ones: each part says what it is, and how long.
 */
export class KeyArena {
  #view = new DataView(new ArrayBuffer(0));
  /** Where the key that is written starts. */
  #start = 0;
  #pos = 0;

  /** The bytes of a key; they stand until the next key is written, unless they are kept. */
  write(key: Key | readonly Key[]): ByteKey {
    this.#pos = this.#start;
    if (typeof key !== "object") this.#part(key);
    else for (const part of key) this.#part(part);
    return new ByteKey(this.#view, this.#start, this.#pos - this.#start);
  }

  /** Keeps the key that was written last. */
  keep(): void {
    this.#start = this.#pos;
  }

  #part(part: Key): void {
    if (typeof part === "string") this.#bytes(part);
    else if (typeof part === "number") this.#number(part | 0, Math.floor(part / TWO_32), 0);
    else {
      const high = Number(BigInt.asIntN(32, part >> 32n));
      this.#number(Number(BigInt.asIntN(32, part)), high, part > MAX_INT64 ? 1 : 0);
    }
  }

  #number(lo: number, hi: number, isOverInt64: number): void {
    this.#reserve(NUMBER_BYTES);
    const view = this.#view;
    view.setUint8(this.#pos, NUMBER);
    view.setInt32(this.#pos + 1, lo, true);
    view.setInt32(this.#pos + 5, hi, true);
    view.setUint8(this.#pos + 9, isOverInt64);
    this.#pos += NUMBER_BYTES;
  }

  #bytes(text: string): void {
    this.#reserve(5 + text.length);
    const view = this.#view;
    view.setUint8(this.#pos, BYTES);
    view.setUint32(this.#pos + 1, text.length, true);
    this.#pos += 5;
    for (let i = 0; i < text.length; i++) view.setUint8(this.#pos++, text.charCodeAt(i));
  }

  /** Makes room: keys that were kept stay where they are, only the one that is written moves. */
  #reserve(bytes: number): void {
    if (this.#pos + bytes <= this.#view.byteLength) return;
    const written = this.#pos - this.#start;
    const doubled = Math.min(this.#view.byteLength * 2, MAX_CHUNK_BYTES);
    const chunk = new Uint8Array(Math.max(FIRST_BYTES, doubled, (written + bytes) * 2));
    chunk.set(new Uint8Array(this.#view.buffer, this.#start, written));
    this.#view = new DataView(chunk.buffer);
    this.#start = 0;
    this.#pos = written;
  }
}
