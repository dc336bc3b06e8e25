import { ScalarType } from "@bufbuild/protobuf";

/** A value of an option: a scalar, or the fields of a message. */
export type Literal = string | LiteralMessage;

export interface LiteralMessage {
  readonly entries: ReadonlyArray<{ readonly name: string; readonly value: Literal | readonly string[] }>;
}

/** A literal as lines, of which the first goes behind what is before it. */
export function literalLines(literal: Literal): string[] {
  if (typeof literal === "string") return [literal];
  const { entries } = literal;
  const [only] = entries;
  if (only === undefined) return ["{}"];
  if (entries.length === 1 && typeof only.value === "string") return [`{${only.name}: ${only.value}}`];
  return ["{", ...entries.flatMap(entryLines).map((line) => `  ${line}`), "}"];
}

function entryLines({ name, value }: LiteralMessage["entries"][number]): string[] {
  const [first, ...rest] = isList(value) ? listLines(value) : literalLines(value);
  return [`${name}: ${first}`, ...rest];
}

function isList(value: Literal | readonly string[]): value is readonly string[] {
  return Array.isArray(value);
}

function listLines(items: readonly string[]): string[] {
  if (items.length <= 1) return [`[${items.join()}]`];
  return ["[", ...items.map((item, index) => `  ${item}${index < items.length - 1 ? "," : ""}`), "]"];
}

export function scalarText(type: ScalarType, value: unknown): string {
  switch (type) {
    case ScalarType.STRING:
      return quoteText(value as string);
    case ScalarType.BYTES:
      return quoteBytes(value as Uint8Array);
    case ScalarType.FLOAT:
      return floatText(value as number);
    case ScalarType.DOUBLE:
      return doubleText(value as number);
    default:
      return String(value);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\",
}; // biome-ignore format: a table

/** A string in quotes; text stays readable, control characters are escaped. */
export function quoteText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped.
  return `"${text.replace(/[\u0000-\u001f"\\\u007f]/g, (c) => ESCAPES[c] ?? octal(c.charCodeAt(0)))}"`;
}

function quoteBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const c = String.fromCharCode(byte);
    text += ESCAPES[c] ?? (byte < 32 || byte > 126 ? octal(byte) : c);
  }
  return `"${text}"`;
}

function octal(code: number): string {
  return `\\${code.toString(8).padStart(3, "0")}`;
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** The fewest digits that are the same float. */
function floatText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
