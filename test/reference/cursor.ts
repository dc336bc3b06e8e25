/** The bytes are no message of the type. */
export class Malformed extends Error {}

/** The deepest that messages and groups may nest, the outermost message counted. */
export const MAX_DEPTH = 100;

/** Reads bytes, one after the other. */
export class Cursor {
  pos = 0;

  constructor(readonly bytes: Uint8Array) {}

  get atEnd(): boolean {
    return this.pos >= this.bytes.length;
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array {
    if (this.pos + length > this.bytes.length) throw new Malformed("truncated");
    this.pos += length;
    return this.bytes.subarray(this.pos - length, this.pos);
  }

  /** An unsigned number of 64 bits: what is over is dropped, more than ten bytes are malformed. */
  varint(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.take(1)[0]!;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed("varint of more than ten bytes");
  }

  tag(): { number: number; wire: number } {
    const tag = this.varint();
    const number = Number(tag >> 3n);
    if (number === 0 || tag > 0xffff_ffffn) throw new Malformed("field number");
    return { number, wire: Number(tag & 7n) };
  }

  /** The bytes of a length-delimited value. */
  delimited(): Uint8Array {
    return this.take(Number(this.varint()));
  }

  /** The bytes of a group, whose start tag was read; `depth` is that of the message around it. */
  group(number: number, depth: number): Uint8Array {
    if (depth >= MAX_DEPTH) throw new Malformed("nested too deeply");
    const start = this.pos;
    for (;;) {
      const end = this.pos;
      const tag = this.tag();
      if (tag.wire !== 4) this.skip(tag, depth + 1);
      else if (tag.number === number) return this.bytes.subarray(start, end);
      else throw new Malformed("unmatched group");
    }
  }

  skip({ number, wire }: { number: number; wire: number }, depth: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.take(8);
    else if (wire === 2) this.delimited();
    else if (wire === 3) this.group(number, depth);
    else if (wire === 5) this.take(4);
    else throw new Malformed("wire type");
  }
}
