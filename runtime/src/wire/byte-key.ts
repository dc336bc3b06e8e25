const FIRST_FACTOR = 0x9e3779b1;
const SECOND_FACTOR = 0x85ebca6b;
const THIRD_FACTOR = 0xc2b2ae35;

/** A key that is a string or bytes: where it stands in a message, of which it is no copy. */
export class ByteKey {
  constructor(
    readonly view: DataView,
    readonly start: number,
    readonly length: number,
  ) {}

  /** A key that was computed, given one character per byte. */
  static of(text: string): ByteKey {
    const bytes = Buffer.from(text, "latin1");
    return new ByteKey(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  }

  /** Whether the bytes [start, start + length) are the same. */
  equals(view: DataView, start: number, length: number): boolean {
    if (length !== this.length) return false;
    const own = this.view;
    let at = this.start;
    let i = start;
    const end = start + length;
    // Four at a time; the last four overlap those before them.
    if (length >= 4) {
      const last = end - 4;
      if (own.getInt32(at + length - 4, true) !== view.getInt32(last, true)) return false;
      for (; i < last; i += 4, at += 4) {
        if (own.getInt32(at, true) !== view.getInt32(i, true)) return false;
      }
      return true;
    }
    for (; i < end; i++, at++) if (own.getUint8(at) !== view.getUint8(i)) return false;
    return true;
  }

  /** The key as text of one character per byte. */
  latin1(): string {
    return latin1Of(this.view, this.start, this.length);
  }
}

/** The bytes [start, start + length) as text of one character per byte. */
export function latin1Of({ buffer, byteOffset }: DataView, start: number, length: number): string {
  return Buffer.from(buffer, byteOffset + start, length).toString("latin1");
}

/** A number of 32 bits for the bytes [start, start + length). Not safe against who chooses the bytes: see ByteIndex. */
export function hashOf(view: DataView, start: number, length: number, seed: number): number {
  const end = start + length;
  let hash = seed ^ length;
  let i = start;
  for (const last = end - 3; i < last; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), FIRST_FACTOR);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ view.getUint8(i), FIRST_FACTOR);
  hash = Math.imul(hash ^ (hash >>> 16), SECOND_FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), THIRD_FACTOR);
  return hash ^ (hash >>> 16);
}
