import { type ByteBudget, unbounded } from "../byte-budget.js";
import { DynamicTable } from "./dynamic-table.js";
import { FIELD_OVERHEAD_BYTES, type HeaderField, headerField } from "./header-field.js";
import { huffmanDecode } from "./huffman.js";
import { LiteralMemo } from "./literal-memo.js";
import { LONGEST_CACHED_NAME, readName } from "./name-cache.js";
import { FIRST_DYNAMIC_INDEX, staticTable } from "./static-table.js";

/** How decoding a block went. */
export const Decoded = {
  /** The fields are in `fields`. */
  OK: 0,
  /** The very block that was decoded last of its kind, in the same state: nothing is in `fields`. */
  SAME: 1,
  /** The list is longer than is accepted. The block was read for the sake of the table; `fields` are incomplete. */
  TOO_LONG: 2,
  /** Not HPACK. The connection cannot go on. */
  MALFORMED: 3,
  /** Far longer than is accepted: not read to its end. The connection cannot go on. */
  FLOOD: 4,
} as const;
export type Decoded = (typeof Decoded)[keyof typeof Decoded];

/** What a block is for: of each kind, the last one is known again. */
export const BlockKind = { MESSAGE: 0, TRAILERS: 1, OTHER: 2 } as const;
export type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];

/** A block that was decoded. */
interface LastBlock {
  bytes: Buffer;
  /** -1: none that means the same if it comes again. */
  length: number;
}

/** The bounds of a decoder. */
export interface HpackDecoderLimits {
  /** The size of the dynamic table that the peer may use: SETTINGS_HEADER_TABLE_SIZE. */
  readonly maxTableBytes: number;
  /** The size of a header list, by the count of RFC 9113: SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly maxListBytes: number;
  /** Fields of a header list. */
  readonly maxFields: number;
}

// A block that is over a limit is still read, as the table must stay the same on both sides; but not without end.
const FLOOD_FACTOR = 4;
const LONGEST_REMEMBERED_BLOCK = 512;
// Longer blocks are compared and copied by the engine, which costs as much as a loop over so many bytes.
const SHORT_BLOCK = 64;
const DEFAULT_TABLE_BYTES = 4096;
const nothing = Buffer.alloc(0);

// Where Huffman-coded texts are decoded to, for all connections: they are read one after another.
let scratch = Buffer.allocUnsafeSlow(4096);

/**
 * Decodes the header blocks that one peer sends.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#section-3
 */
export class HpackDecoder {
  /** The fields of the block decoded last: the first `count`. Valid until the next one. */
  readonly fields: HeaderField[] = [];
  count = 0;

  readonly #limits: HpackDecoderLimits;
  readonly #table: DynamicTable;
  #listBytes = 0;
  #tooLong = false;
  // An integer or text that was read last, and the place behind it; -1 if it is malformed.
  #next = 0;
  #text = "";
  readonly #literals: LiteralMemo;
  readonly #last = [
    { bytes: nothing, length: -1 },
    { bytes: nothing, length: -1 },
    { bytes: nothing, length: -1 },
  ] satisfies [LastBlock, LastBlock, LastBlock];

  constructor(limits: HpackDecoderLimits, budget: ByteBudget = unbounded()) {
    this.#limits = limits;
    this.#literals = new LiteralMemo(budget);
    // The size is 4,096 until the peer says otherwise, or is known to have been told of less.
    this.#table = new DynamicTable(Math.min(limits.maxTableBytes, DEFAULT_TABLE_BYTES));
  }

  /** Fields that were dropped from the table so far: a peer that makes many does so to cost us. */
  get evictions(): number {
    return this.#table.evicted;
  }

  /** Whether the block of this kind that was decoded last, if it comes again, will be `Decoded.SAME`. */
  knowsBlock(kind: BlockKind): boolean {
    return this.#last[kind].length >= 0;
  }

  /** Bytes of the table, as HPACK counts them. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** The connection is over: what is remembered counts no more. */
  release(): void {
    this.#literals.clear();
  }

  /** Decodes a whole block, that is `block[start..end)`. */
  decode(block: Buffer, start: number, end: number, kind: BlockKind = BlockKind.MESSAGE): Decoded {
    const last = this.#last[kind];
    // Peers repeat themselves: a block of 20 bytes is compared in 20 ns, and decoded in 300.
    if (isSame(last, block, start, end)) return Decoded.SAME;
    last.length = -1;
    this.count = 0;
    this.#listBytes = 0;
    this.#tooLong = false;
    let at = this.#readSizeUpdates(block, start, end);
    if (at < 0) return Decoded.MALFORMED;
    let changes = at > start;
    if (changes) this.#forgetBlocks();
    while (at < end) {
      const byte = block[at]!;
      if (byte >= 0x80) {
        // Indexed: nine in ten of all fields. https://www.rfc-editor.org/rfc/rfc7541#section-6.1
        let index = byte & 0x7f;
        if (index === 0x7f) {
          index = this.#integer(block, at, end, 0x7f);
          at = this.#next;
        } else at++;
        const field = at < 0 ? undefined : this.#fieldAt(index);
        if (field === undefined) return Decoded.MALFORMED;
        this.#emit(field);
      } else if ((byte & 0xe0) === 0x20) {
        // A size update anywhere but at the beginning: https://www.rfc-editor.org/rfc/rfc7541#section-4.2
        return Decoded.MALFORMED;
      } else {
        if (!changes && (byte & 0x40) !== 0) {
          changes = true;
          this.#forgetBlocks();
        }
        at = this.#literal(block, at, end, byte);
        if (at < 0) return Decoded.MALFORMED;
      }
      if (this.#tooLong && this.#isFlood()) return Decoded.FLOOD;
    }
    if (this.#tooLong) return Decoded.TOO_LONG;
    // Only a block that has left the table alone means the same when it comes again.
    if (!changes) remember(last, block, start, end);
    return Decoded.OK;
  }

  // https://www.rfc-editor.org/rfc/rfc7541#section-6.2
  #literal(block: Buffer, start: number, end: number, byte: number): number {
    const indexing = (byte & 0x40) !== 0;
    const sensitive = (byte & 0xf0) === 0x10;
    const mask = indexing ? 0x3f : 0x0f;
    const index = this.#integer(block, start, end, mask);
    let name = "";
    if (this.#next < 0) return -1;
    if (index === 0) {
      if (!this.#string(block, this.#next, end, true)) return -1;
      name = this.#text;
    } else {
      const named = this.#fieldAt(index);
      if (named === undefined) return -1;
      name = named.name;
      const known = indexing ? undefined : this.#literals.find(index, block, this.#next, end);
      if (known !== undefined && known.sensitive === sensitive) {
        this.#emit(known);
        return this.#literals.next;
      }
    }
    const from = this.#next;
    if (!this.#string(block, this.#next, end, false)) return -1;
    // What is neither kept nor given needs no field: only its size counts.
    if (!indexing && this.#tooLong) {
      this.#listBytes += name.length + this.#text.length + FIELD_OVERHEAD_BYTES;
      this.count++;
      return this.#next;
    }
    const field = headerField(name, this.#text, sensitive);
    if (indexing) this.#table.add(field);
    else this.#literals.remember(index, block, from, this.#next, field);
    this.#emit(field);
    return this.#next;
  }

  #emit(field: HeaderField): void {
    this.#listBytes += field.size;
    if (this.#listBytes > this.#limits.maxListBytes || this.count >= this.#limits.maxFields)
      this.#tooLong = true;
    else this.fields[this.count] = field;
    this.count++;
  }

  #isFlood(): boolean {
    const { maxListBytes, maxFields } = this.#limits;
    return this.#listBytes > maxListBytes * FLOOD_FACTOR || this.count > maxFields * FLOOD_FACTOR;
  }

  #fieldAt(index: number): HeaderField | undefined {
    if (index >= FIRST_DYNAMIC_INDEX) return this.#table.at(index - FIRST_DYNAMIC_INDEX);
    return index === 0 ? undefined : staticTable[index];
  }

  // At most two, the smallest and the last: https://www.rfc-editor.org/rfc/rfc7541#section-4.2
  #readSizeUpdates(block: Buffer, start: number, end: number): number {
    let at = start;
    for (let updates = 0; at < end && (block[at]! & 0xe0) === 0x20; updates++) {
      const size = this.#integer(block, at, end, 0x1f);
      if (this.#next < 0 || size > this.#limits.maxTableBytes || updates === 2) return -1;
      this.#table.resize(size);
      at = this.#next;
    }
    return at;
  }

  // https://www.rfc-editor.org/rfc/rfc7541#section-5.1; more than 28 bits are more than anything here may be.
  #integer(block: Buffer, start: number, end: number, mask: number): number {
    let value = block[start]! & mask;
    let at = start + 1;
    this.#next = at;
    if (value < mask) return value;
    for (let shift = 0; at < end && shift < 28; shift += 7) {
      const byte = block[at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#next = at;
        return value;
      }
    }
    this.#next = -1;
    return 0;
  }

  // https://www.rfc-editor.org/rfc/rfc7541#section-5.2
  #string(block: Buffer, start: number, end: number, isName: boolean): boolean {
    if (start >= end) return false;
    const length = this.#integer(block, start, end, 0x7f);
    const from = this.#next;
    const to = from + length;
    if (from < 0 || to > end) return false;
    this.#next = to;
    const isCoded = block[start]! >= 0x80;
    if (isName && length <= LONGEST_CACHED_NAME) {
      const name = readName(block, from, to, isCoded);
      this.#text = name ?? "";
      return name !== undefined;
    }
    if (!isCoded) {
      this.#text = block.toString("latin1", from, to);
      return true;
    }
    // No code is shorter than five bits.
    if (length * 2 > scratch.byteLength) scratch = Buffer.allocUnsafeSlow(length * 2);
    const decoded = huffmanDecode(block, from, to, scratch);
    if (decoded < 0) return false;
    this.#text = scratch.toString("latin1", 0, decoded);
    return true;
  }

  // The table changes: references mean something else from now on.
  #forgetBlocks(): void {
    for (const last of this.#last) last.length = -1;
  }
}

function isSame({ bytes, length }: LastBlock, block: Buffer, start: number, end: number): boolean {
  if (end - start !== length) return false;
  if (length > SHORT_BLOCK) return bytes.compare(block, start, end, 0, length) === 0;
  for (let i = 0, at = start; at < end; i++, at++) if (bytes[i] !== block[at]) return false;
  return true;
}

function remember(last: LastBlock, block: Buffer, start: number, end: number): void {
  const length = end - start;
  if (length > LONGEST_REMEMBERED_BLOCK) return;
  if (last.bytes.byteLength < length) {
    last.bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(64, length * 2), LONGEST_REMEMBERED_BLOCK));
  }
  if (length > SHORT_BLOCK) block.copy(last.bytes, 0, start, end);
  else for (let i = 0, at = start; at < end; i++, at++) last.bytes[i] = block[at]!;
  last.length = length;
}
