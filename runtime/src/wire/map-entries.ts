import type { At, Reader } from "./reader.js";
import { type Key, keyAt, type Scalar } from "./scalar.js";

/**
 * The entries of a map field: of those with the same key the last one wins, whole; a missing key or value is the
 * type's default.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/#maps
 */
export class MapEntries {
  /** Where each entry's key and value stand; 0 where the entry has none. */
  readonly keys: At[] = [];
  readonly values: At[] = [];
  readonly #index = new Map<Key, number>();

  constructor(
    readonly keyType: Scalar,
    /** The wire type of the key and of the value. */
    readonly keyWire: number,
    readonly valueWire: number,
    /** Whether values are messages, whose occurrences within one entry merge. */
    readonly valueIsMessage: boolean,
    /** Of a closed enum: whether it has a number. Entries with another one are as if they were not there. */
    readonly knows?: (value: number) => boolean,
  ) {}

  /** Reads the entry that starts at the reader's position, just after its tag. */
  add(r: Reader): void {
    const end = r.next().end;
    let key: At = 0;
    let value: At = 0;
    while (r.pos < end) {
      const tag = r.tag();
      if (tag === (8 | this.keyWire)) key = skipTo(r, this.keyWire);
      else if (tag === (16 | this.valueWire)) {
        value = this.valueIsMessage ? r.message(value) : skipTo(r, this.valueWire);
      } else r.skip(tag);
    }
    r.close(end);
    r.leave(end);
    if (this.knows !== undefined && value !== 0 && !this.knows(r.int32At(value))) return;
    const hash = key === 0 ? defaultKey(this.keyType) : keyAt(r, key, this.keyType);
    let number = this.#index.get(hash);
    if (number === undefined) {
      number = this.keys.length;
      this.#index.set(hash, number);
    }
    this.keys[number] = key;
    this.values[number] = value;
  }

  get size(): number {
    return this.keys.length;
  }
}

function skipTo(r: Reader, wire: number): At {
  if (wire === 0) return r.varint();
  if (wire === 1) return r.fixed64();
  if (wire === 5) return r.fixed32();
  return r.bytes();
}

function defaultKey(type: Scalar): Key {
  return type === "string" || type === "bytes" ? "" : 0;
}
