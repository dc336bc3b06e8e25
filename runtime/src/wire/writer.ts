import type { ByteKey } from "./byte-key.js";
import { COPY_BYTES, copyShort } from "./copy.js";
import { TooLongError } from "./error.js";
import type { At, Reader } from "./reader.js";
import { validUtf8 } from "./utf8.js";

// One buffer goes from writer to writer: allocating one for each costs more than writing a usual message. A writer that
// is never finished keeps it, and the next one makes another; so do writers that are used at the same time.
const FIRST_BYTES = 16 * 1024;
const MAX_SPARE_BYTES = 4 * 1024 * 1024;
let spare: Block | undefined;

/** Memory to write to: the same bytes twice, to write one or several at once. */
interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const NONE = blockOf(0);

function blockOf(size: number): Block {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}

/** Which fields of what is written are kept. */
export interface WrittenFields {
  /** Whether a field of a message, whose fields are these, is kept wherever the message stands. */
  keeps(fields: ReadonlyMap<string, unknown>, name: string): boolean;
}

/** How many bytes a length takes as a varint. */
function sizeOf(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
}

// The wire type that starts a group; the one that ends it is the next number.
const START_GROUP = 3;

/**
 * Writes protobuf wire format into one growing buffer. Values are copied from a Reader's buffer; tags are given as
 * one number (field number and wire type), 0 for none, as within packed fields.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class Writer {
  pos = 0;
  /** Of the sub-messages that are open: where their content starts, and how long it was thought to be. */
  readonly #starts: number[] = [];
  readonly #hints: number[] = [];
  #open = 0;
  /** How much longer than thought the last one was: those that follow it in a list are likely so, too. */
  #growth = 0;
  #block: Block;
  #buffer: Uint8Array;
  #view: DataView;

  constructor(
    /** The longest that the message may get, in bytes. Longer: TooLongError. */
    readonly maxBytes: number,
    /** Says which fields are taken out again, so that they need not be made; default: none. */
    readonly mask?: WrittenFields,
  ) {
    this.#block = spare ?? blockOf(FIRST_BYTES);
    this.#buffer = this.#block.bytes;
    this.#view = this.#block.view;
    spare = undefined;
  }

  /** Whether a field has to be made: a mask may take it out everywhere. */
  wants(fields: ReadonlyMap<string, unknown>, name: string): boolean {
    return this.mask === undefined || this.mask.keeps(fields, name);
  }

  /** The message, copied out at its length. The writer is not to be used again. */
  finish(): Uint8Array {
    const { pos } = this;
    const buffer = this.#buffer;
    if (pos > this.maxBytes) throw this.#tooLong();
    const message = Buffer.allocUnsafe(pos);
    message.set(pos === buffer.length ? buffer : buffer.subarray(0, pos));
    if (buffer.length <= MAX_SPARE_BYTES) spare = this.#block;
    this.#use(NONE);
    return message;
  }

  /** Forgets what was written since `pos` was `mark`. */
  rewind(mark: number): void {
    this.pos = mark;
    while (this.#open > 0 && this.#starts[this.#open - 1]! > mark) this.#open--;
  }

  /** A copy of what was written since `pos` was `start`. */
  since(start: number): Uint8Array {
    return this.#buffer.slice(start, this.pos);
  }

  /**
   * Starts a sub-message (or a packed field) that is about `hint` bytes long; `close` takes what this returns. Room for
   * the length is left by the hint, and the content moved where it was wrong.
   */
  open(tag: number, hint: number): number {
    this.#reserve(15);
    this.#tag(tag);
    const size = sizeOf(hint + this.#growth);
    // Says until then how much room was left.
    this.pos += size;
    this.#buffer[this.pos - 1] = size;
    const opened = this.#open++;
    this.#starts[opened] = this.pos;
    this.#hints[opened] = hint;
    return opened;
  }

  /** Ends a sub-message: puts its length in front of it. */
  close(opened: number): void {
    const start = this.#starts[opened]!;
    const length = this.pos - start;
    this.#growth = length - this.#hints[opened]!;
    this.#open = opened;
    const left = this.#buffer[start - 1]!;
    const size = sizeOf(length);
    if (size !== left) this.#move(start, size - left);
    const end = this.pos;
    this.pos = start - left;
    this.#varint32(length);
    this.pos = end;
  }

  /** Moves what was written since `start`. */
  #move(start: number, by: number): void {
    if (by > 0) this.#reserve(by);
    this.#buffer.copyWithin(start + by, start, this.pos);
    this.pos += by;
  }

  /** As `open`, of a field that may be a group, by its tag; `end` takes what this returns. */
  begin(tag: number, hint: number): number {
    if ((tag & 7) !== START_GROUP) return this.open(tag, hint);
    this.tag(tag);
    return 0;
  }

  /** Ends what `begin` started. */
  end(tag: number, opened: number): void {
    if ((tag & 7) === START_GROUP) this.tag(tag + 1);
    else this.close(opened);
  }

  /** Copies a varint as it is. */
  copyVarint(tag: number, r: Reader, at: At): void {
    this.#reserve(15);
    this.#tag(tag);
    const from = r.buffer;
    const to = this.#buffer;
    let pos = this.pos;
    let i = at;
    while (from[i]! >= 0x80) to[pos++] = from[i++]!;
    to[pos++] = from[i]!;
    this.pos = pos;
  }

  copyFixed32(tag: number, r: Reader, at: At): void {
    this.fixed32(tag, r.viewAt(at, 4).getInt32(at, true));
  }

  copyFixed64(tag: number, r: Reader, at: At): void {
    const view = r.viewAt(at, 8);
    this.fixed64(tag, view.getInt32(at, true), view.getInt32(at + 4, true));
  }

  /** Copies bytes, or a string that need not be checked. */
  copyBytes(tag: number, r: Reader, at: At): void {
    this.#copy(tag, r.view, r.startAt(at), r.lengthAt(at));
  }

  /** Copies a key that is a string or bytes; it was checked when it was read. */
  copyKey(tag: number, { view, start, length }: ByteKey): void {
    this.#copy(tag, view, start, length);
  }

  /** Copies a string: malformed unless it is valid UTF-8. */
  copyString(tag: number, r: Reader, at: At): void {
    const start = r.startAt(at);
    const length = r.lengthAt(at);
    const end = start + length;
    this.#head(tag, length);
    if (length > COPY_BYTES) {
      if (!validUtf8(r.buffer, start, end)) r.malformed("string that is not UTF-8");
      this.#set(r.buffer, start, end);
      return;
    }
    // Short, as nearly all are: copied and checked at once.
    const isAscii = copyShort(r.view, start, end, this.#view, this.pos);
    if (!isAscii && !validUtf8(r.buffer, start, end)) r.malformed("string that is not UTF-8");
    this.pos += length;
  }

  /** An int32, or an enum, or an int64 of a value that fits: negative ones take ten bytes. */
  int32(tag: number, value: number): void {
    this.#reserve(20);
    this.#tag(tag);
    if (value >= 0) this.#varint32(value);
    else this.#varint64(value | 0, -1);
  }

  /** A uint32, or a uint64 of a value that fits. */
  uint32(tag: number, value: number): void {
    this.#reserve(10);
    this.#tag(tag);
    this.#varint32(value);
  }

  /** A varint of 64 bits, in two halves. */
  int64(tag: number, lo: number, hi: number): void {
    this.#reserve(20);
    this.#tag(tag);
    this.#varint64(lo, hi);
  }

  fixed32(tag: number, bits: number): void {
    this.#reserve(10);
    this.#tag(tag);
    this.#view.setInt32(this.pos, bits, true);
    this.pos += 4;
  }

  fixed64(tag: number, lo: number, hi: number): void {
    this.#reserve(14);
    this.#tag(tag);
    this.#view.setInt32(this.pos, lo, true);
    this.#view.setInt32(this.pos + 4, hi, true);
    this.pos += 8;
  }

  double(tag: number, value: number): void {
    this.#reserve(14);
    this.#tag(tag);
    this.#view.setFloat64(this.pos, value, true);
    this.pos += 8;
  }

  /** Bytes that are given one per character; see Reader.latin1At. */
  latin1(tag: number, text: string): void {
    const length = text.length;
    this.#head(tag, length);
    const buffer = this.#buffer;
    let pos = this.pos;
    for (let i = 0; i < length; i++) buffer[pos++] = text.charCodeAt(i);
    this.pos = pos;
  }

  /** A string of our own making. */
  text(tag: number, text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.#head(tag, bytes.length);
    this.#set(bytes, 0, bytes.length);
  }

  /** Bytes that are themselves wire format: appended as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#set(bytes, 0, bytes.length);
  }

  /** The start or end of a group. */
  tag(tag: number): void {
    this.#reserve(5);
    this.#tag(tag);
  }

  /** The tag and the length of what comes next, for which there is room then. */
  #head(tag: number, length: number): void {
    this.#reserve(10 + length);
    if (tag < 0x80 && length < 0x80 && tag !== 0) {
      this.#view.setUint16(this.pos, tag | (length << 8), true);
      this.pos += 2;
      return;
    }
    this.#tag(tag);
    this.#varint32(length);
  }

  #copy(tag: number, from: DataView, start: number, length: number): void {
    this.#head(tag, length);
    if (length > COPY_BYTES) {
      this.#buffer.set(new Uint8Array(from.buffer, from.byteOffset + start, length), this.pos);
    } else copyShort(from, start, start + length, this.#view, this.pos);
    this.pos += length;
  }

  #set(from: Uint8Array, start: number, end: number): void {
    this.#buffer.set(from.subarray(start, end), this.pos);
    this.pos += end - start;
  }

  #tag(tag: number): void {
    if (tag === 0) return;
    if (tag < 0x80) this.#buffer[this.pos++] = tag;
    else this.#varint32(tag);
  }

  #varint32(value: number): void {
    const buffer = this.#buffer;
    let pos = this.pos;
    let rest = value >>> 0;
    while (rest >= 0x80) {
      buffer[pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[pos++] = rest;
    this.pos = pos;
  }

  #varint64(low: number, high: number): void {
    const buffer = this.#buffer;
    let pos = this.pos;
    let lo = low >>> 0;
    let hi = high >>> 0;
    while (hi !== 0 || lo >= 0x80) {
      buffer[pos++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    buffer[pos++] = lo;
    this.pos = pos;
  }

  /** Makes room for `bytes` more. */
  #reserve(bytes: number): void {
    if (this.pos + bytes > this.#buffer.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    // What is reserved may be a few bytes more than what is written; finish() has the exact bound.
    if (this.pos + bytes > this.maxBytes + 32) throw this.#tooLong();
    const grown = blockOf(Math.min((this.pos + bytes) * 2, this.maxBytes + 32));
    grown.bytes.set(this.#buffer.subarray(0, this.pos));
    this.#use(grown);
  }

  #use(block: Block): void {
    this.#block = block;
    this.#buffer = block.bytes;
    this.#view = block.view;
  }

  #tooLong(): TooLongError {
    return new TooLongError(`message over ${this.maxBytes} bytes`);
  }
}
