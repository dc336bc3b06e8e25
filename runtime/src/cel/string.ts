import { checkElements, checkLength, spend } from "./budget.js";
import { fail } from "./error.js";

/**
 * The strings extension. Positions count code points; a string without surrogates, as nearly all are, is indexed
 * directly.
 *
 * Source: https://github.com/google/cel-go/blob/master/ext/README.md#strings
 */

const SURROGATE = /[\ud800-\udfff]/;

/** The number of code points. */
export function codePoints(text: string): number {
  return SURROGATE.test(text) ? [...text].length : text.length;
}

/** The code units of a position that counts code points, which is 0 to the string's length. */
function unitOf(text: string, position: bigint): number {
  const length = codePoints(text);
  if (position < 0n || position > BigInt(length)) fail(`index out of range: ${position}`);
  const wanted = Number(position);
  if (length === text.length) return wanted;
  let unit = 0;
  for (let point = 0; point < wanted; point++) unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
  return unit;
}

/** The position, in code points, of a code unit. */
function positionOf(text: string, unit: number): bigint {
  return BigInt(unit < 0 ? unit : codePoints(text.slice(0, unit)));
}

/** `text.charAt(position)`: "" at the end. */
export function charAt(text: string, position: bigint): string {
  const unit = unitOf(text, position);
  return unit === text.length ? "" : String.fromCodePoint(text.codePointAt(unit)!);
}

/** `text.indexOf(part, from)`: -1 where it is not. */
export function indexOf(text: string, part: string, from = 0n): bigint {
  spend(text.length);
  return positionOf(text, text.indexOf(part, unitOf(text, from)));
}

/** `text.lastIndexOf(part, from)`: -1 where it is not. */
export function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  spend(text.length);
  return positionOf(text, text.lastIndexOf(part, from === undefined ? text.length : unitOf(text, from)));
}

/** `text.substring(start, end)` */
export function substring(text: string, start: bigint, end?: bigint): string {
  const from = unitOf(text, start);
  const to = end === undefined ? text.length : unitOf(text, end);
  if (from > to) fail(`invalid substring range: ${start} to ${end}`);
  return text.slice(from, to);
}

/** `text.lowerAscii()` */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `text.upperAscii()` */
export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** `text.replace(part, by, limit)`: at most `limit` times; without a limit, or below zero, everywhere. */
export function replace(text: string, part: string, by: string, limit = -1n): string {
  spend(text.length);
  if (limit === 0n) return text;
  // An empty part stands before every code point, and at the end.
  const all = part === "" ? ["", ...text, ""] : text.split(part);
  const times = limit < 0n || limit > BigInt(all.length - 1) ? all.length - 1 : Number(limit);
  checkLength(text.length + times * by.length);
  return all.slice(0, times + 1).join(by) + all.slice(times + 1).map((rest) => part + rest).join(""); // biome-ignore format: short
}

/** `text.split(separator, limit)`: at most `limit` parts; without a limit, or below zero, all. */
export function split(text: string, separator: string, limit = -1n): readonly string[] {
  spend(text.length);
  if (limit === 0n) return [];
  const all = separator === "" ? [...text] : text.split(separator);
  checkElements(all.length);
  if (limit < 0n || limit >= BigInt(all.length)) return all;
  const count = Number(limit) - 1;
  return [...all.slice(0, count), all.slice(count).join(separator)];
}

/** `list.join(separator)` */
export function join(list: readonly unknown[], separator = ""): string {
  spend(list.length);
  let length = separator.length * list.length;
  for (const element of list) {
    if (typeof element !== "string") return fail("no such overload: join of what is not a string");
    length += element.length;
  }
  checkLength(length);
  return list.join(separator);
}

/** `text.reverse()` */
export function reverse(text: string): string {
  return [...text].reverse().join("");
}

const SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** `text.trim()`: without the white space of Unicode at both ends. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start]!)) start++;
  while (end > start && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** `strings.quote(text)`: as a literal of CEL that prints on one line. */
export function quote(text: string): string {
  checkLength(text.length * 2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return `"${text.replace(/[\x07-\r"\\]/g, (char) => ESCAPES[char]!)}"`;
}
