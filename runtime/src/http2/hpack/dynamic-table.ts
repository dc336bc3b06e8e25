import { FIELD_OVERHEAD_BYTES, type HeaderField } from "./header-field.js";

/**
 * The dynamic table of a decoder: a ring of fields, the newest first, with the oldest dropped as the size requires.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#section-2.3.2
 */
export class DynamicTable {
  /** Fields added, and fields dropped, since the table was made. */
  added = 0;
  evicted = 0;

  #ring: Array<HeaderField | undefined> = [];
  #mask = -1;
  // Where the oldest is; the others follow.
  #oldest = 0;
  #length = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The field that was added `age` additions before the newest; undefined if there is none. */
  at(age: number): HeaderField | undefined {
    if (age >= this.#length) return undefined;
    return this.#ring[(this.#oldest + this.#length - 1 - age) & this.#mask];
  }

  /** Adds a field; one larger than the table empties it. */
  add(field: HeaderField): void {
    this.added++;
    this.#evictTo(this.#maxBytes - field.size);
    if (field.size > this.#maxBytes) return;
    if (this.#length > this.#mask) this.#grow();
    this.#ring[(this.#oldest + this.#length) & this.#mask] = field;
    this.#length++;
    this.#bytes += field.size;
  }

  /** Changes the size of the table. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.#length > 0 && this.#bytes > bytes) {
      this.#bytes -= this.#ring[this.#oldest]!.size;
      this.#ring[this.#oldest] = undefined;
      this.#oldest = (this.#oldest + 1) & this.#mask;
      this.#length--;
      this.evicted++;
    }
  }

  // A connection that never uses the table has none; one that does has room for what it uses. No field is smaller than
  // the overhead, so that the size of the table bounds the ring too.
  #grow(): void {
    const most = 2 ** Math.ceil(Math.log2(Math.max(1, this.#maxBytes / FIELD_OVERHEAD_BYTES)));
    const capacity = Math.min(Math.max(16, this.#ring.length * 2), Math.max(16, most));
    const ring: Array<HeaderField | undefined> = new Array(capacity).fill(undefined);
    for (let i = 0; i < this.#length; i++) ring[i] = this.#ring[(this.#oldest + i) & this.#mask];
    this.#ring = ring;
    this.#mask = capacity - 1;
    this.#oldest = 0;
  }
}
