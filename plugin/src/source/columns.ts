/**
 * What compilers call a column differs: protoc counts bytes and stops tabs at every eighth, buf counts the cells of a
 * terminal and stops tabs at every fourth. Which one it was is found by trying where names would stand.
 */
export interface Columns {
  readonly tab: number;
  readonly unit: "cell" | "byte" | "utf16";
}

const CONVENTIONS: readonly Columns[] = [
  { tab: 4, unit: "cell" },
  { tab: 8, unit: "cell" },
  { tab: 8, unit: "byte" },
  { tab: 8, unit: "utf16" },
  { tab: 1, unit: "utf16" },
];

/** A name that a descriptor places. Lines and columns are counted from 1. */
export interface PlacedName {
  readonly line: number;
  readonly column: number;
  readonly name: string;
}

/** The convention by which most names stand where the descriptors say; the first that fits all. */
export function columnsOf(lines: readonly string[], names: readonly PlacedName[]): Columns {
  // Elsewhere all conventions agree.
  const telling = names.filter(({ line }) => /[^\x20-\x7e]/.test((lines[line - 1] ?? "").replace(/\r$/, "")));
  let best = CONVENTIONS[0]!;
  let bestCount = -1;
  for (const convention of CONVENTIONS) {
    const count = telling.filter(({ line, column, name }) => {
      const text = lines[line - 1] ?? "";
      return text.startsWith(name, offsetInLine(text, column, convention));
    }).length;
    if (count > bestCount) [best, bestCount] = [convention, count];
  }
  return best;
}

/** The offset, in UTF-16 units from the line's start, of a column. */
export function offsetInLine(line: string, column: number, { tab, unit }: Columns): number {
  let offset = 0;
  for (let at = 0; at < column - 1 && offset < line.length; ) {
    const char = String.fromCodePoint(line.codePointAt(offset)!);
    at += char === "\t" ? tab - (at % tab) : width(char, unit);
    offset += char.length;
  }
  return offset;
}

function width(char: string, unit: Columns["unit"]): number {
  if (unit === "utf16") return char.length;
  if (unit === "byte") return Buffer.byteLength(char);
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  return /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1;
}
