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
      readonly fields: ReadonlyArray<{ readonly name: string; readonly value: Literal }>;
    };

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
    else if (rest[0] === "#" || rest === "//") {
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
  const fields: Array<{ name: string; value: Literal }> = [];
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
    c.pos += name[0].length;
    skipSpace(c);
    if (c.text[c.pos] === ":") c.pos++;
    const value = parseValue(c, depth + 1);
    if (value === undefined) return undefined;
    fields.push({ name: name[0], value });
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
        const escape = /^(?:[xX][0-9a-fA-F]{1,2}|[0-7]{1,3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/s.exec(
          c.text.slice(c.pos, c.pos + 9),
        );
        if (escape === null) return undefined;
        c.pos += escape[0].length;
        piece = unescape(escape[0]);
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

function unescape(escape: string): string {
  const simple = simpleEscapes[escape];
  if (simple !== undefined) return simple;
  const code = /^[0-7]/.test(escape) ? Number.parseInt(escape, 8) : Number.parseInt(escape.slice(1), 16);
  return Number.isFinite(code) && code <= 0x10ffff ? String.fromCodePoint(code) : escape;
}
