import type { Span } from "./syntax.js";

/**
 * Finds the ends of parts of an expression: the parser only says where they begin, or where their operator stands.
 * The text has been parsed, so it is well-formed.
 */

/** The first place from `at` on that is neither white space nor in a comment. */
export function skipSpace(text: string, at: number): number {
  let i = at;
  for (;;) {
    while (/\s/.test(text[i] ?? "")) i++;
    if (!text.startsWith("//", i)) return i;
    const line = text.indexOf("\n", i);
    i = line < 0 ? text.length : line;
  }
}

/** Any name that a field may have between backticks. */
const QUOTED = /`[\w./ -]+`/y;

/**
 * The text with names in backticks replaced by plain ones of the same length, since the parser does not know them.
 * They may stand where fields are named: "a.`in`", "Message{`in`: 1}".
 */
export function withoutBackticks(text: string): string {
  if (!text.includes("`")) return text;
  let plain = "";
  let i = 0;
  while (i < text.length) {
    QUOTED.lastIndex = i;
    const quoted = /[.{,]\s*$/.test(plain) ? QUOTED.exec(text)?.[0] : undefined;
    const literal = /^[rRbB]{0,2}["']/.test(text.slice(i, i + 3)) && !/\w/.test(text[i - 1] ?? "");
    const end = quoted !== undefined ? i + quoted.length : literal ? literalEnd(text, i) : i + 1;
    plain += quoted !== undefined ? "q".repeat(quoted.length) : text.slice(i, end);
    i = end;
  }
  return plain;
}

/** The name that stands at a place, without the backticks that it may have. */
export function nameAt(text: string, { start, end }: Span): string {
  return text.slice(start, end).replaceAll("`", "");
}

/** The end of the name that starts at `at`. */
export function nameEnd(text: string, at: number): number {
  if (text[at] === "`") return text.indexOf("`", at + 1) + 1;
  let i = at;
  while (/\w/.test(text[i] ?? "")) i++;
  return i;
}

/** The end of the literal that starts at `at`. */
export function literalEnd(text: string, at: number): number {
  const prefix = /^[rRbB]{0,2}(?=["'])/.exec(text.slice(at, at + 3));
  if (prefix !== null) return stringEnd(text, at + prefix[0].length, /r/i.test(prefix[0]));
  const number = /^-?\s*(?:0x[0-9a-f]+|\d*\.?\d+(?:e[+-]?\d+)?)u?/i.exec(text.slice(at));
  return number === null ? nameEnd(text, at) : at + number[0].length;
}

/** The end of the string whose first quote is at `at`. */
function stringEnd(text: string, at: number, raw: boolean): number {
  const one = text[at]!;
  const quote = text.startsWith(one.repeat(3), at) ? one.repeat(3) : one;
  let i = at + quote.length;
  while (i < text.length && !text.startsWith(quote, i)) i += !raw && text[i] === "\\" ? 2 : 1;
  return Math.min(i + quote.length, text.length);
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The end of the part in brackets that opens at `at`. */
export function bracketEnd(text: string, at: number): number {
  const open: string[] = [];
  let i = at;
  while (i < text.length) {
    const char = text[i]!;
    const prefixed = /^[rRbB]{1,2}["']/.test(text.slice(i, i + 3)) && !/\w/.test(text[i - 1] ?? "");
    if (char === '"' || char === "'" || prefixed) i = literalEnd(text, i);
    else if (text.startsWith("//", i)) i = skipSpace(text, i);
    else {
      i++;
      if (char in CLOSING) open.push(CLOSING[char]!);
      else if (char === open[open.length - 1]) open.pop();
      if (open.length === 0) return i;
    }
  }
  return text.length;
}

/** A part with the parentheses around it, if it stands in some. */
export function withParentheses(text: string, span: Span): Span {
  let { start, end } = span;
  for (;;) {
    let before = start - 1;
    while (/\s/.test(text[before] ?? "")) before--;
    const after = skipSpace(text, end);
    if (text[before] !== "(" || text[after] !== ")") return { start, end };
    start = before;
    end = after + 1;
  }
}
