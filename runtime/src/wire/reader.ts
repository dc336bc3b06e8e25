import { TooManyRowsError, WireError } from "./error.js";
import { validUtf8 } from "./utf8.js";

/** Deeper nesting than this is malformed, as in the protobuf libraries. */
const MAX_DEPTH = 100;

/**
 * How large the message may get with the pieces that had to be put together: so many times its length, or so many
 * bytes if that is more, since a small message costs little however it is split.
 */
const MAX_MERGE_FACTOR = 8;
const MIN_MERGE_BOUND = 64 * 1024;

/** No bound, as a small integer. */
const ANY_NUMBER = 0x3fffffff;

/**
 * Where a value stands in a message: the offset just after its tag. 0 is "not there", since a tag comes first; a
 * negative one is a sub-message in several pieces, or one in a group.
 */
export type At = number;

/**
 * Reads protobuf wire format in place: generated code keeps the offsets of the values that it needs, and copies
 * them. Nothing is decoded that is not asked for, and no object is made for a field.
 *
 * A reader is opened on a (sub-)message by `begin`, `enter` or `next`, which set `pos` and `end`; the one who reads
 * keeps `end` in a local variable, reads up to it, checks with `close(end)` before any value is used, and gives the
 * level of nesting back with `leave(end)`. Reads may run over `end`, or over the buffer's end (which gives undefined);
 * `close` finds either, and nothing that was written from such a message is used.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class Reader {
  pos = 0;
  end: number;
  /** The low and high half of the last 64-bit value that was decoded, both as signed 32-bit integers. */
  lo = 0;
  hi = 0;
  #buffer: Uint8Array;
  #view: DataView;
  /** The length of the message, and of what is in use of the buffer: more, once pieces were put together. */
  readonly #length: number;
  #used: number;
  /** Where the end tag of the last skipped group starts. */
  #groupEnd = 0;
  #depth = 0;
  #pieces: Pieces[] | undefined;
  /** What was put together so far, by the first and the last piece: a message may be walked many times. */
  #merged: Map<string, Pieces> | undefined;
  readonly #bytes: Uint8Array;
  /** Elements of lists of messages, and entries of maps, since the message was opened. */
  #rows = 0;

  constructor(
    bytes: Uint8Array,
    /** Where the bytes came from; see WireError.origin. */
    readonly origin: string,
    /** How many elements of lists and maps one walk over the message may meet. */
    readonly maxRows = ANY_NUMBER,
    /** Whether it stands for a message that is not there: it reads as one in which nothing is set. */
    readonly absent = false,
  ) {
    this.#bytes = bytes;
    this.#buffer = bytes;
    this.#view = viewOf(bytes);
    this.#length = bytes.length;
    this.#used = bytes.length;
    this.end = bytes.length;
  }

  /** An empty message that stands for one that is not there. */
  static absent(origin: string): Reader {
    return new Reader(new Uint8Array(0), origin, ANY_NUMBER, true);
  }

  /** The bytes that offsets refer to. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** The same bytes, to read several at once. */
  get view(): DataView {
    return this.#view;
  }

  /** The length of the message as it was received. */
  get byteLength(): number {
    return this.#length;
  }

  /** Opens the whole message. */
  begin(): this {
    this.pos = 0;
    this.end = this.#length;
    this.#depth = 1;
    this.#rows = 0;
    return this;
  }

  /** Opens the range [start, end), as one level of nesting. */
  range(start: number, end: number): this {
    this.pos = start;
    this.end = end;
    this.#depth = 1;
    return this;
  }

  /** Opens the sub-message that `at` stands for; one that is not there is empty. */
  enter(at: At): this {
    // What is not there nests nothing, however deep.
    if (++this.#depth > MAX_DEPTH && at !== 0) this.malformed("nested too deeply");
    if (at <= 0) {
      if (at === 0) this.pos = this.end = 0;
      else this.#enterPieces(this.#pieces![-at - 1]!);
      return this;
    }
    this.pos = at;
    const length = this.#size();
    this.end = this.pos + length;
    return this;
  }

  /** Opens the sub-message at a path of tags, from the whole message; where there is none, an empty one. */
  select(...tags: number[]): this {
    this.begin();
    for (const wanted of tags) {
      const { end } = this;
      let at: At = 0;
      while (this.pos < end) {
        const tag = this.tag();
        if (tag !== wanted) this.skip(tag);
        else at = (tag & 7) === 3 ? this.group(tag, at) : this.message(at);
      }
      this.close(end);
      this.enter(at);
    }
    return this;
  }

  /** Opens the element of a list, or the entry of a map, that starts at `pos`, just after its tag. */
  next(): this {
    this.row();
    return this.enter(this.pos);
  }

  /** Goes into the entries of a map, whose values are then entered: an entry is a message of its own. */
  enterEntries(): void {
    this.#depth++;
  }

  /** Comes back from the entries of a map. */
  leaveEntries(): void {
    this.#depth--;
  }

  /** Counts an element of a list, where `next` is not what opens it. */
  row(): void {
    if (++this.#rows > this.maxRows) throw new TooManyRowsError(this.maxRows, this.origin);
  }

  /** Opens the group that starts at `pos`, just after its tag; `leaveGroup` follows `leave`. */
  nextGroup(tag: number): this {
    const start = this.pos;
    this.#skipGroup(tag, this.#depth);
    if (++this.#depth > MAX_DEPTH) this.malformed("nested too deeply");
    this.pos = start;
    this.end = this.#groupEnd;
    return this;
  }

  /** Steps over the end tag of the group that was read to its end. */
  leaveGroup(end: number): void {
    this.pos = end;
    this.tag();
  }

  /** Checks that reading stopped just where the message ends. */
  close(end: number): void {
    if (this.pos !== end || end > this.#used) this.malformed("truncated");
  }

  /** Ends the reading of what was opened: gives its level of nesting back, and goes to its end. */
  leave(end: number): void {
    this.#depth--;
    this.pos = end;
  }

  /** The length of what was opened last. */
  get size(): number {
    return this.end - this.pos;
  }

  /** Another reader on the same message, for who reads it while this one is in the middle of it. */
  fork(): Reader {
    return new Reader(this.#bytes, this.origin, this.maxRows, this.absent).begin();
  }

  /** Reads the range [start, end) while somebody else is in the middle of the message: nothing changes for them. */
  aside<T>(start: number, end: number, read: () => T): T {
    const { pos, end: before } = this;
    const depth = this.#depth;
    this.pos = start;
    this.end = end;
    try {
      return read();
    } finally {
      this.pos = pos;
      this.end = before;
      this.#depth = depth;
    }
  }

  /** Opens the range [start, end) once more, one level deeper. */
  again(start: number, end: number): this {
    if (++this.#depth > MAX_DEPTH) this.malformed("nested too deeply");
    this.pos = start;
    this.end = end;
    return this;
  }

  /** Reads a tag: field number and wire type as one number. */
  tag(): number {
    const buffer = this.#buffer;
    const first = buffer[this.pos]!;
    // Fields 1 to 15: one byte.
    if (first < 0x80) {
      this.pos++;
      if (first < 8) this.malformed("field number 0");
      return first;
    }
    this.#varint();
    if (this.hi !== 0 || this.lo >>> 3 === 0) this.malformed("bad field number");
    return this.lo >>> 0;
  }

  /** Skips the value of a field that is not wanted. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.pos += 8;
        return;
      case 2: {
        // Not `this.pos += …`: that would take `pos` from before the length is read.
        const length = this.#size();
        this.pos += length;
        return;
      }
      case 3:
        this.#skipGroup(tag, this.#depth);
        return;
      case 5:
        this.pos += 4;
        return;
      default:
        // 4 is the end of a group that never began; 6 and 7 do not exist.
        this.malformed("bad wire type");
    }
  }

  /** Skips a varint. */
  varint(): At {
    const at = this.pos;
    const buffer = this.#buffer;
    let pos = at;
    // A byte over the buffer's end is undefined, and undefined >= 0x80 is false: leave() finds it.
    while (buffer[pos]! >= 0x80) {
      if (++pos - at > 9) this.malformed("varint over 10 bytes");
    }
    this.pos = pos + 1;
    return at;
  }

  /** Skips a fixed32, sfixed32 or float. */
  fixed32(): At {
    const at = this.pos;
    this.pos = at + 4;
    return at;
  }

  /** Skips a fixed64, sfixed64 or double. */
  fixed64(): At {
    const at = this.pos;
    this.pos = at + 8;
    return at;
  }

  /** Skips a string or bytes. */
  bytes(): At {
    const at = this.pos;
    const length = this.#size();
    this.pos += length;
    if (this.pos > this.#used) this.malformed("truncated");
    return at;
  }

  /** Skips a singular sub-message; `before` is an earlier occurrence of the same field: the two merge. */
  message(before: At): At {
    const at = this.pos;
    const length = this.#size();
    const start = this.pos;
    this.pos = start + length;
    if (this.pos > this.#used) this.malformed("truncated");
    return before === 0 ? at : this.#addPiece(before, start, this.pos);
  }

  /** Skips a singular sub-message in a group. */
  group(tag: number, before: At): At {
    const start = this.pos;
    this.#skipGroup(tag, this.#depth);
    return this.#addPiece(before, start, this.#groupEnd);
  }

  /** Reads the length of a packed field, and gives the offset at which its elements end. */
  packed(): number {
    const length = this.#size();
    const end = this.pos + length;
    if (end > this.#used) this.malformed("truncated");
    return end;
  }

  /** Checks that the elements of a packed field ended where its length said. */
  packedEnd(end: number): void {
    if (this.pos !== end) this.malformed("truncated");
  }

  /** The value of an int32, enum or bool: the low 32 bits, as the protobuf libraries take them. */
  int32At(at: At): number {
    const first = this.#buffer[at]!;
    if (first < 0x80) return first;
    this.#varintAt(at);
    return this.lo;
  }

  /** The value of a uint32. */
  uint32At(at: At): number {
    return this.int32At(at) >>> 0;
  }

  /** Decodes a varint of 64 bits into `lo` and `hi`. */
  int64At(at: At): void {
    this.#varintAt(at);
  }

  /** Whether a varint of 64 bits is other than 0. */
  nonZero64At(at: At): boolean {
    this.#varintAt(at);
    return (this.lo | this.hi) !== 0;
  }

  /** Whether `size` bytes are other than 0: by the bits, so that a float's -0 is not "unset". */
  nonZeroFixedAt(at: At, size: number): boolean {
    const buffer = this.#buffer;
    for (let i = at; i < at + size; i++) if (buffer[i] !== 0) return true;
    return false;
  }

  /** The length of the string or bytes at `at`. */
  lengthAt(at: At): number {
    const first = this.#buffer[at]!;
    if (first < 0x80) return first;
    const { pos } = this;
    this.pos = at;
    const length = this.#size();
    this.pos = pos;
    return length;
  }

  /** The offset of the first byte of the string or bytes at `at`. */
  startAt(at: At): number {
    const buffer = this.#buffer;
    let start = at;
    while (buffer[start]! >= 0x80) start++;
    return start + 1;
  }

  /** A float or double, a fixed or sfixed of 32 bits. */
  viewAt(at: At, size: number): DataView {
    if (at + size > this.#used) this.malformed("truncated");
    return this.view;
  }

  /** The string or bytes at `at`, one character per byte: a bijection that is cheap to make, compare and hash. */
  latin1At(at: At): string {
    const start = this.startAt(at);
    const end = start + this.lengthAt(at);
    const buffer = this.#buffer;
    if (end - start <= 24) {
      let text = "";
      for (let i = start; i < end; i++) text += String.fromCharCode(buffer[i]!);
      return text;
    }
    return Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start).toString("latin1");
  }

  /** Malformed unless the string at `at` is valid UTF-8. */
  checkUtf8(at: At): void {
    const start = this.startAt(at);
    if (!validUtf8(this.#buffer, start, start + this.lengthAt(at)))
      this.malformed("string that is not UTF-8");
  }

  /** As `latin1At`, of a string: malformed unless it is valid UTF-8. */
  stringKeyAt(at: At): string {
    const start = this.startAt(at);
    if (!validUtf8(this.#buffer, start, start + this.lengthAt(at)))
      this.malformed("string that is not UTF-8");
    return this.latin1At(at);
  }

  /** The string at `at`. */
  textAt(at: At): string {
    const start = this.startAt(at);
    const end = start + this.lengthAt(at);
    const buffer = this.#buffer;
    if (!validUtf8(buffer, start, end)) this.malformed("string that is not UTF-8");
    return Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start).toString("utf8");
  }

  /** Throws: the bytes are not a valid message. */
  malformed(what: string): never {
    throw new WireError(what, this.origin);
  }

  /** Throws: a value in the message is not taken. `why` has no names but those of the message's own API. */
  refuse(why: string): never {
    throw new WireError(why, this.origin, true);
  }

  /** Reads a length, which must lie within 32 bits; whether the bytes are there shows when they are read. */
  #size(): number {
    const first = this.#buffer[this.pos]!;
    if (first < 0x80) {
      this.pos++;
      return first;
    }
    this.#varint();
    if (this.hi !== 0 || this.lo < 0) this.malformed("length over 2 GiB");
    return this.lo;
  }

  #varintAt(at: At): void {
    const { pos } = this;
    this.pos = at;
    this.#varint();
    this.pos = pos;
  }

  #varint(): void {
    const buffer = this.#buffer;
    let pos = this.pos;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = buffer[pos++];
      if (byte === undefined) this.malformed("truncated");
      const bits = byte! & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else if (shift < 63) hi |= bits << (shift - 32);
      // The tenth byte has one bit left for 64; the libraries drop what is over.
      else hi |= bits << 31;
      if (byte! < 0x80) {
        this.pos = pos;
        this.lo = lo | 0;
        this.hi = hi | 0;
        return;
      }
    }
    this.malformed("varint over 10 bytes");
  }

  #skipGroup(startTag: number, depth: number): void {
    // A loop and not a recursion: the depth is the sender's to choose.
    const open = [startTag >>> 3];
    while (open.length > 0) {
      if (depth + open.length > MAX_DEPTH) this.malformed("nested too deeply");
      if (this.pos >= this.#used) this.malformed("truncated");
      this.#groupEnd = this.pos;
      const tag = this.tag();
      if ((tag & 7) === 3) open.push(tag >>> 3);
      else if ((tag & 7) === 4) {
        if (open.pop() !== tag >>> 3) this.malformed("unmatched group");
      } else this.skip(tag);
    }
  }

  #addPiece(before: At, start: number, end: number): At {
    this.#pieces ??= [];
    if (before < 0) {
      this.#pieces[-before - 1]!.ranges.push(start, end);
      return before;
    }
    const ranges: number[] = [];
    if (before > 0) {
      const first = this.startAt(before);
      ranges.push(first, first + this.lengthAt(before));
    }
    ranges.push(start, end);
    this.#pieces.push({ ranges, start: 0, end: 0 });
    return -this.#pieces.length;
  }

  /**
   * Opens a message that came in pieces. Its parts, one after the other, are the encoding of the merged message, so
   * they are copied together once, behind the end of the buffer, where offsets into it hold as everywhere else.
   */
  #enterPieces(pieces: Pieces): void {
    const { ranges } = pieces;
    if (ranges.length === 2) {
      this.pos = ranges[0]!;
      this.end = ranges[1]!;
      return;
    }
    if (pieces.start === 0) this.#merge(pieces);
    this.pos = pieces.start;
    this.end = pieces.end;
  }

  #merge(pieces: Pieces): void {
    const { ranges } = pieces;
    this.#merged ??= new Map();
    const key = `${ranges[0]} ${ranges.at(-1)}`;
    const before = this.#merged.get(key);
    if (before === undefined) {
      this.#merged.set(key, pieces);
      let size = 0;
      for (let i = 0; i < ranges.length; i += 2) {
        this.#checkPiece(ranges[i]!, ranges[i + 1]!);
        size += ranges[i + 1]! - ranges[i]!;
      }
      // Split at every level, a message costs its length once a level: bounded, since depth alone is not enough.
      const used = this.#used + size;
      if (used > Math.max(this.#length * MAX_MERGE_FACTOR, MIN_MERGE_BOUND))
        this.malformed("split into too many pieces");
      if (used > this.#buffer.length) {
        // Doubled, so that many small merges do not copy the whole message each time.
        const grown = new Uint8Array(used * 2);
        grown.set(this.#buffer.subarray(0, this.#used));
        this.#buffer = grown;
        this.#view = viewOf(grown);
      }
      pieces.start = this.#used;
      for (let i = 0; i < ranges.length; i += 2) {
        this.#buffer.copyWithin(this.#used, ranges[i]!, ranges[i + 1]!);
        this.#used += ranges[i + 1]! - ranges[i]!;
      }
      pieces.end = this.#used;
    } else {
      pieces.start = before.start;
      pieces.end = before.end;
    }
  }

  /** A piece that ends in the middle of a field would take the start of the next one for its rest. */
  #checkPiece(start: number, end: number): void {
    this.pos = start;
    while (this.pos < end) this.skip(this.tag());
    if (this.pos !== end) this.malformed("truncated");
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A sub-message in several pieces: start and end of each, and of the whole once it is put together. */
interface Pieces {
  readonly ranges: number[];
  start: number;
  end: number;
}
