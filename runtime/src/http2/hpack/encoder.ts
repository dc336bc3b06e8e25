import { type ByteBudget, unbounded } from "../byte-budget.js";
import type { Output } from "../output.js";
import { type BlockField, type HeaderBlock, isSensitive, literalName } from "./header-block.js";
import { FIRST_DYNAMIC_INDEX } from "./static-table.js";

// What a peer lets us use beyond this is not worth the memory.
const MOST_TABLE_BYTES = 4096;
const MOST_MEMOS = 64;
const MOST_NAMES = 256;
const LONGEST_INTEGER_BYTES = 6;

// The encoded names of fields that are not constant, for all connections.
const names = new Map<string, Uint8Array>();

/** How a block was encoded last; still right as long as the table has not changed. */
interface Memo {
  changes: number;
  bytes: Uint8Array;
}

/**
 * Encodes header blocks for one peer: `begin`, then any number of `block` and `field`. Constant blocks go to the
 * dynamic table and are a byte for each field from the second time on; other fields are literals that leave the table
 * alone, so that what is in it stays.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#section-6
 */
export class HpackEncoder {
  // Each field's place in the order of insertion; a Map keeps them in that order too, the oldest first.
  readonly #table = new Map<string, { readonly place: number; readonly size: number }>();
  readonly #memos = new Map<HeaderBlock, Memo>();
  #bytes = 0;
  #maxBytes = MOST_TABLE_BYTES;
  #inserted = 0;
  // Counts whatever makes a memo wrong.
  #changes = 0;
  #tables: ByteBudget;
  // The smallest size that the table had since the peer was told; -1 when there is nothing to tell.
  #smallest = -1;

  constructor(tables: ByteBudget = unbounded()) {
    this.#tables = tables;
  }

  /** Bytes of the table, as HPACK counts them. */
  get tableBytes(): number {
    return this.#bytes;
  }

  /** The peer has set SETTINGS_HEADER_TABLE_SIZE. */
  setMaxTableBytes(size: number): void {
    const maxBytes = Math.min(size, MOST_TABLE_BYTES);
    if (maxBytes === this.#maxBytes && this.#smallest < 0) return;
    this.#smallest = this.#smallest < 0 ? maxBytes : Math.min(this.#smallest, maxBytes);
    this.#maxBytes = maxBytes;
    this.#changes++;
    this.#evictTo(maxBytes);
  }

  /** The connection is over: the table counts no more. */
  releaseTable(): void {
    this.#tables.used -= this.#bytes;
    this.#tables = unbounded();
  }

  /** Starts a block: tells of changes of the table's size. https://www.rfc-editor.org/rfc/rfc7541#section-4.2 */
  begin(output: Output): void {
    if (this.#smallest < 0) return;
    if (this.#smallest < this.#maxBytes) writeInteger(output, 0x20, 0x1f, this.#smallest);
    writeInteger(output, 0x20, 0x1f, this.#maxBytes);
    this.#smallest = -1;
  }

  /** Appends constant fields. */
  block(block: HeaderBlock, output: Output): void {
    const memo = this.#memos.get(block);
    // All but the first few times: a look-up and a copy of a few bytes.
    if (memo !== undefined && memo.changes === this.#changes) {
      output.append(memo.bytes);
      return;
    }
    const start = output.length;
    const changes = this.#changes;
    for (const field of block.fields) this.#constant(field, output);
    if (this.#changes !== changes || output.length - start > 64) return;
    if (memo === undefined && this.#memos.size >= MOST_MEMOS) return;
    const bytes = Uint8Array.prototype.slice.call(output.bytes, start, output.length);
    if (memo === undefined) this.#memos.set(block, { changes, bytes });
    else {
      memo.changes = changes;
      memo.bytes = bytes;
    }
  }

  /**
   * Appends a field that is not a constant. Its value is latin1; a character that HTTP/2 does not allow there is sent
   * as "?", since an answer must not fail for it.
   */
  field(name: string, value: string, output: Output): void {
    output.append(encodedName(name));
    const length = value.length;
    writeInteger(output, 0, 0x7f, length);
    output.reserve(length);
    // Not Huffman-coded: it would save a quarter of the bytes, and cost three times as much at both ends.
    const { bytes } = output;
    let at = output.length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      bytes[at++] = code === 0 || code === 10 || code === 13 || code > 0xff ? 0x3f : code;
    }
    output.length = at;
  }

  #constant(field: BlockField, output: Output): void {
    if (field.staticIndex !== 0) {
      writeInteger(output, 0x80, 0x7f, field.staticIndex);
      return;
    }
    const entry = field.indexed ? this.#table.get(field.key) : undefined;
    if (entry !== undefined) {
      writeInteger(output, 0x80, 0x7f, FIRST_DYNAMIC_INDEX + this.#inserted - 1 - entry.place);
      return;
    }
    if (!field.indexed) output.append(field.literal);
    else if (this.#tables.allows(field.size)) {
      output.append(field.literal);
      this.#insert(field);
    } else output.append(field.unindexed);
  }

  // https://www.rfc-editor.org/rfc/rfc7541#section-4.4
  #insert({ key, size }: BlockField): void {
    this.#changes++;
    this.#evictTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    this.#table.set(key, { place: this.#inserted++, size });
    this.#bytes += size;
    this.#tables.used += size;
  }

  #evictTo(bytes: number): void {
    for (const [key, { size }] of this.#table) {
      if (this.#bytes <= bytes) return;
      this.#table.delete(key);
      this.#bytes -= size;
      this.#tables.used -= size;
    }
  }
}

function encodedName(name: string): Uint8Array {
  const known = names.get(name);
  if (known !== undefined) return known;
  const encoded = literalName(isSensitive(name) ? 0x10 : 0x00, 4, name);
  if (names.size < MOST_NAMES) names.set(name, encoded);
  return encoded;
}

// https://www.rfc-editor.org/rfc/rfc7541#section-5.1
function writeInteger(output: Output, pattern: number, most: number, value: number): void {
  output.reserve(LONGEST_INTEGER_BYTES);
  const { bytes } = output;
  if (value < most) {
    bytes[output.length++] = pattern | value;
    return;
  }
  bytes[output.length++] = pattern | most;
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) bytes[output.length++] = (rest & 0x7f) | 0x80;
  bytes[output.length++] = rest;
}
