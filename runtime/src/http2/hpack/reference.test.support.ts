import { codeLengths, codes } from "./huffman-code.js";
import { staticTable } from "./static-table.js";

/** A block that is not HPACK, or beyond the bounds that are checked in any case. */
export class MalformedBlock extends Error {}

// Each code as a text of zeros and ones.
const symbols = new Map<string, number>();
for (let symbol = 0; symbol < 256; symbol++) {
  symbols.set(codes[symbol]!.toString(2).padStart(codeLengths[symbol]!, "0"), symbol);
}

/**
 * A decoder as RFC 7541 says it, word by word, to compare the fast one with: it takes a block of its own and looks at
 * nothing else, its table is a plain list, its Huffman codes are texts.
 */
export class ReferenceDecoder {
  readonly #maxTableBytes: number;
  #tableBytes: number;
  #table: Array<[string, string]> = [];
  #block: readonly number[] = [];
  #at = 0;

  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#tableBytes = Math.min(maxTableBytes, 4096);
  }

  /** The fields of a block. */
  decode(block: readonly number[]): Array<[string, string]> {
    this.#block = block;
    this.#at = 0;
    const fields: Array<[string, string]> = [];
    let updates = 0;
    while (this.#at < block.length) {
      const bits = block[this.#at]!.toString(2).padStart(8, "0");
      if (bits.startsWith("1")) {
        fields.push(this.#entry(this.#integer(7)));
      } else if (bits.startsWith("01")) {
        const field = this.#literal(6);
        this.#table.unshift(field);
        this.#evict();
        fields.push(field);
      } else if (bits.startsWith("001")) {
        if (fields.length > 0 || ++updates > 2) throw new MalformedBlock("a size update");
        this.#tableBytes = this.#integer(5);
        if (this.#tableBytes > this.#maxTableBytes) throw new MalformedBlock("a size");
        this.#evict();
      } else {
        fields.push(this.#literal(4));
      }
    }
    return fields;
  }

  get tableBytes(): number {
    return listBytes(this.#table);
  }

  #evict(): void {
    while (listBytes(this.#table) > this.#tableBytes) this.#table.pop();
  }

  #literal(prefix: number): [string, string] {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  #entry(index: number): [string, string] {
    const known = index === 0 ? undefined : staticTable[index];
    if (known !== undefined) return [known.name, known.value];
    const entry = index === 0 ? undefined : this.#table[index - staticTable.length];
    if (entry === undefined) throw new MalformedBlock("an index");
    return entry;
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw new MalformedBlock("the end");
    return byte;
  }

  // Four bytes behind the prefix are as many as are accepted.
  #integer(prefix: number): number {
    const most = 2 ** prefix - 1;
    let value = this.#byte() % 2 ** prefix;
    if (value < most) return value;
    for (let i = 0; i < 4; i++) {
      const byte = this.#byte();
      value += (byte % 128) * 128 ** i;
      if (byte < 128) return value;
    }
    throw new MalformedBlock("an integer");
  }

  #string(): string {
    const isCoded = (this.#block[this.#at] ?? 0) >= 128;
    const length = this.#integer(7);
    const bytes = this.#block.slice(this.#at, this.#at + length);
    if (bytes.length < length) throw new MalformedBlock("a length");
    this.#at += length;
    return String.fromCharCode(...(isCoded ? decodeHuffman(bytes) : bytes));
  }
}

function decodeHuffman(bytes: readonly number[]): number[] {
  const text: number[] = [];
  let code = "";
  for (const byte of bytes) {
    for (const bit of byte.toString(2).padStart(8, "0")) {
      code += bit;
      const symbol = symbols.get(code);
      if (symbol !== undefined) {
        text.push(symbol);
        code = "";
      } else if (code.length === 30) throw new MalformedBlock("the end of strings");
    }
  }
  // Padding: less than a byte, of ones.
  if (code.length > 7 || code.includes("0")) throw new MalformedBlock("padding");
  return text;
}

/** The size of a list of fields, as limits count it. */
export function listBytes(fields: ReadonlyArray<readonly [string, string]>): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}
