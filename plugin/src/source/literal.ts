/**
 * Reads the text of an option in a .proto file, to find where a part of its value stands: descriptors locate an
 * option as a whole, not always the fields inside its literal, and never the characters inside a string.
 *
 * Source: https://protobuf.dev/reference/protobuf/textformat-spec/ and …/proto3-spec/#option
 */

/** A value in the text, with the offsets at which it starts and ends. */
export type Literal =
  | { readonly kind: "scalar"; readonly start: number; readonly end: number }
  | {
      readonly kind: "string";
      readonly start: number;
      readonly end: number;
      /** For each UTF-16 unit of the value, the offset in the text where it comes from; then that of the end. */
      readonly offsets: readonly number[];
      readonly value: string;
    }
  | {
      readonly kind: "list";
      readonly start: number;
      readonly end: number;
      readonly items: readonly Literal[];
    }
  | {
      readonly kind: "message";
      readonly start: number;
      readonly end: number;
      readonly fields: readonly LiteralField[];
    };

/** A field of a message's literal; `at` is the offset of its name. */
export interface LiteralField {
  readonly name: string;
  readonly at: number;
  readonly value: Literal;
}

/**
 * Parses the value of the option (or of the field of an option's literal) that starts at `start`, such as
 * `option (x).join = {…}`, `(x).from = "a"`, `from: "a"` or `call {…}`. Undefined where the text is not that.
 */
export function parseOptionValue(text: string, start: number, end: number): Literal | undefined {
  const cursor: Cursor = { text, pos: start, end };
  // An element of a list may be located by itself.
  if (text[start] === '"' || text[start] === "'") return parseValue(cursor, 0);
  // Up to the value: everything before "=" or ":"; a name in brackets may itself hold neither.
  for (;;) {
    skipSpace(cursor);
    if (cursor.pos >= end) return undefined;
    const c = text[cursor.pos]!;
    if (c === "{" || c === "<") break;
    cursor.pos++;
    if (c === "=" || c === ":") break;
  }
  return parseValue(cursor, 0);
}

interface Cursor {
  readonly text: string;
  pos: number;
  readonly end: number;
}

function skipSpace(c: Cursor): void {
  while (c.pos < c.end) {
    const rest = c.text.slice(c.pos, c.pos + 2);
    if (/^\s/.test(rest)) c.pos++;
    else if (rest === "//") {
      const newline = c.text.indexOf("\n", c.pos);
      c.pos = newline < 0 ? c.end : newline + 1;
    } else if (rest === "/*") {
      const close = c.text.indexOf("*/", c.pos + 2);
      c.pos = close < 0 ? c.end : close + 2;
    } else return;
  }
}

function parseValue(c: Cursor, depth: number): Literal | undefined {
  skipSpace(c);
  if (c.pos >= c.end || depth > 50) return undefined;
  const start = c.pos;
  const first = c.text[start]!;
  if (first === '"' || first === "'") return parseStrings(c);
  if (first === "{" || first === "<") return parseMessage(c, first === "{" ? "}" : ">", depth);
  if (first === "[") return parseList(c, depth);
  const scalar = /^[-+]?\s*[\w.+-]+/.exec(c.text.slice(start, Math.min(c.end, start + 400)));
  if (scalar === null) return undefined;
  c.pos = start + scalar[0].length;
  return { kind: "scalar", start, end: c.pos };
}

function parseMessage(c: Cursor, close: string, depth: number): Literal | undefined {
  const start = c.pos++;
  const fields: LiteralField[] = [];
  for (;;) {
    skipSpace(c);
    if (c.pos >= c.end) return undefined;
    const char = c.text[c.pos]!;
    if (char === close) break;
    if (char === "," || char === ";") {
      c.pos++;
      continue;
    }
    const name = /^(?:\w+|\[[^\]]*\])/.exec(c.text.slice(c.pos, Math.min(c.end, c.pos + 400)));
    if (name === null) return undefined;
    const at = c.pos;
    c.pos += name[0].length;
    skipSpace(c);
    if (c.text[c.pos] === ":") c.pos++;
    const value = parseValue(c, depth + 1);
    if (value === undefined) return undefined;
    fields.push({ name: name[0], at, value });
  }
  c.pos++;
  return { kind: "message", start, end: c.pos, fields };
}

function parseList(c: Cursor, depth: number): Literal | undefined {
  const start = c.pos++;
  const items: Literal[] = [];
  for (;;) {
    skipSpace(c);
    if (c.pos >= c.end) return undefined;
    const char = c.text[c.pos]!;
    if (char === "]") break;
    if (char === ",") {
      c.pos++;
      continue;
    }
    const value = parseValue(c, depth + 1);
    if (value === undefined) return undefined;
    items.push(value);
  }
  c.pos++;
  return { kind: "list", start, end: c.pos, items };
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
}; // biome-ignore format: a table

/** Adjacent strings are one value. */
function parseStrings(c: Cursor): Literal | undefined {
  const start = c.pos;
  const offsets: number[] = [];
  let value = "";
  let end = start;
  while (c.pos < c.end && (c.text[c.pos] === '"' || c.text[c.pos] === "'")) {
    const quote = c.text[c.pos++];
    for (;;) {
      if (c.pos >= c.end) return undefined;
      const at = c.pos;
      const char = c.text[at]!;
      if (char === quote) break;
      let piece = char;
      c.pos++;
      if (char === "\\") {
        const sequence = /^(?:[xX][0-9a-fA-F]{1,2}|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/s.exec(
          c.text.slice(c.pos, c.pos + 9),
        );
        if (sequence === null) return undefined;
        c.pos += sequence[0].length;
        piece = unescaped(sequence[0]);
      }
      for (let i = 0; i < piece.length; i++) offsets.push(at);
      value += piece;
    }
    end = ++c.pos;
    skipSpace(c);
  }
  // Past the last string: what follows the value is the caller's.
  offsets.push(end - 1);
  return { kind: "string", start, end, offsets, value };
}

function unescaped(sequence: string): string {
  const simple = simpleEscapes[sequence];
  if (simple !== undefined) return simple;
  const code = /^[0-7]/.test(sequence)
    ? Number.parseInt(sequence, 8)
    : Number.parseInt(sequence.slice(1), 16);
  return Number.isFinite(code) && code <= 0x10ffff ? String.fromCodePoint(code) : sequence;
}

/** A value inside a literal, and the offset of the name that it has there; undefined where its option begins it. */
export interface FoundLiteral {
  readonly value: Literal;
  readonly name: number | undefined;
}

/** Finds a value by the names of fields and, after those of repeated ones, the indexes of their elements. */
export function findInLiteral(
  value: Literal,
  path: ReadonlyArray<string | number>,
): FoundLiteral | undefined {
  let at: FoundLiteral = { value, name: undefined };
  for (let i = 0; i < path.length; i++) {
    const step = path[i]!;
    if (typeof step === "number") {
      // The option is the element itself, or a list of which it is one.
      if (at.value.kind === "list") {
        const item = at.value.items[step];
        if (item === undefined) return undefined;
        at = { value: item, name: item.start };
      }
      continue;
    }
    if (at.value.kind !== "message") return undefined;
    const fields = at.value.fields.filter((field) => field.name === step);
    const index = path[i + 1];
    if (typeof index === "number") {
      // A repeated field is said several times, or as a list.
      const elements = fields.flatMap(({ at: name, value: v }): FoundLiteral[] =>
        v.kind === "list" ? v.items.map((item) => ({ value: item, name: item.start })) : [{ value: v, name }],
      );
      const element = elements[index];
      if (element === undefined) return undefined;
      at = element;
      i++;
    } else {
      const last = fields.at(-1);
      if (last === undefined) return undefined;
      at = { value: last.value, name: last.at };
    }
  }
  return at;
}
