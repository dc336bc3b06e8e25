import { FieldKind, type HeaderField, headerField } from "./header-field.js";
import { huffmanEncode, huffmanLength } from "./huffman.js";
import { fieldKey, staticFieldIndex, staticNameIndex } from "./static-table.js";

/** Header fields that are sent again and again, with all of their encoding that can be done beforehand. */
export class HeaderBlock {
  readonly fields: readonly BlockField[];

  /** Throws a TypeError for fields that HTTP/2 does not allow. Pseudo-headers come first. */
  constructor(fields: Readonly<Record<string, string>>) {
    this.fields = Object.entries(fields).map(([name, value]) => blockField(headerField(name, value)));
  }
}

/** A field of a HeaderBlock. */
export interface BlockField {
  /** What it is found by in the dynamic table. */
  readonly key: string;
  readonly size: number;
  /** Its index in the static table; 0 if it is not there as it is. */
  readonly staticIndex: number;
  /** Whether it goes to the dynamic table. */
  readonly indexed: boolean;
  /** The field as a literal: with indexing if it is indexed, else never to be indexed. */
  readonly literal: Uint8Array;
  /** The field as a literal that leaves the table alone. */
  readonly unindexed: Uint8Array;
}

/** The names of fields that are never indexed: an index would tell whether a guessed value is right. */
const sensitiveNames: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

/** Whether a field is to be sent so that nobody puts it into a table: https://www.rfc-editor.org/rfc/rfc7541#section-7.1 */
export function isSensitive(name: string): boolean {
  return sensitiveNames.has(name);
}

function blockField(field: HeaderField): BlockField {
  const { name, value, kind, size } = field;
  if (kind === FieldKind.FORBIDDEN || /[^\0-\xff]/.test(value)) {
    throw new TypeError(`not a header field of HTTP/2: ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  }
  const indexed = !isSensitive(name);
  const key = fieldKey(name, value);
  const literal = literalField(indexed ? 0x40 : 0x10, indexed ? 6 : 4, name, value);
  const unindexed = indexed ? literalField(0x00, 4, name, value) : literal;
  return { key, size, staticIndex: staticFieldIndex(key), indexed, literal, unindexed };
}

/** A literal field whose first byte begins with `pattern`, above a prefix of `prefixBits` for the index of its name. */
export function literalField(pattern: number, prefixBits: number, name: string, value: string): Uint8Array {
  return Uint8Array.from([...literalName(pattern, prefixBits, name), ...text(value)]);
}

/** The beginning of a literal field: all but its value. */
export function literalName(pattern: number, prefixBits: number, name: string): Uint8Array {
  const index = staticNameIndex(name);
  const head = integer(pattern, prefixBits, index);
  return Uint8Array.from(index === 0 ? [...head, ...text(name)] : head);
}

// Huffman-coded where that is shorter: https://www.rfc-editor.org/rfc/rfc7541#section-5.2
function text(value: string): number[] {
  const length = huffmanLength(value);
  if (length >= value.length) return [...integer(0, 7, value.length), ...Buffer.from(value, "latin1")];
  const coded = new Uint8Array(length);
  huffmanEncode(value, coded, 0);
  return [...integer(0x80, 7, length), ...coded];
}

// https://www.rfc-editor.org/rfc/rfc7541#section-5.1
function integer(pattern: number, prefixBits: number, value: number): number[] {
  const most = (1 << prefixBits) - 1;
  if (value < most) return [pattern | value];
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}
