import { checkElements, checkLength, spend, spendWalk } from "./budget.js";
import { fail } from "./error.js";
import { find, findLast, splitAt } from "./search.js";

/**
 * The strings extension. Positions count code points; a string without surrogates, as nearly all are, is indexed
 * directly.
 *
 * Source: https://github.com/google/cel-go/blob/master/ext/README.md#strings
 */

/** The number of code points. */
export function codePoints(text: string): number {
  return pointsBefore(text, text.length);
}

/** The number of code points that begin before a code unit. */
function pointsBefore(text: string, end: number): number {
  spendWalk(end);
  let points = end;
  for (let unit = 0; unit < end - 1; unit++) {
    if (!isPair(text, unit)) continue;
    points--;
    unit++;
  }
  return points;
}

/** Whether two units from here are one code point. */
function isPair(text: string, unit: number): boolean {
  return (text.charCodeAt(unit) & 0xfc00) === 0xd800 && (text.charCodeAt(unit + 1) & 0xfc00) === 0xdc00;
}

/** The code units of a position that counts code points, which is 0 to the string's length. */
function unitOf(text: string, position: bigint): number {
  const length = codePoints(text);
  if (position < 0n || position > BigInt(length)) fail(`index out of range: ${position}`);
  const wanted = Number(position);
  if (length === text.length) return wanted;
  spendWalk(wanted);
  let unit = 0;
  for (let point = 0; point < wanted; point++) unit += isPair(text, unit) ? 2 : 1;
  return unit;
}

/** The position, in code points, of a code unit. */
function positionOf(text: string, unit: number): bigint {
  return BigInt(unit < 0 ? unit : pointsBefore(text, unit));
}

/** `text.contains(part)` */
export function contains(text: string, part: string): boolean {
  return find(text, part) >= 0;
}

/** `text.charAt(position)`: "" at the end. */
export function charAt(text: string, position: bigint): string {
  const unit = unitOf(text, position);
  return unit === text.length ? "" : String.fromCodePoint(text.codePointAt(unit)!);
}

/** `text.indexOf(part, from)`: -1 where it is not. */
export function indexOf(text: string, part: string, from = 0n): bigint {
  return positionOf(text, find(text, part, unitOf(text, from)));
}

/** `text.lastIndexOf(part, from)`: -1 where it is not. */
export function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  return positionOf(text, findLast(text, part, from === undefined ? text.length : unitOf(text, from)));
}

/** `text.substring(start, end)` */
export function substring(text: string, start: bigint, end?: bigint): string {
  const from = unitOf(text, start);
  const to = end === undefined ? text.length : unitOf(text, end);
  if (from > to) fail(`invalid substring range: ${start} to ${end}`);
  return text.slice(from, to);
}

// A text that is changed character by character, or taken apart into them, costs much more than one that is read.
const CHANGE = 4;

function spendChanged(text: string): void {
  checkLength(text.length);
  spendWalk(text.length * CHANGE);
}

/** `text.lowerAscii()` */
export function lowerAscii(text: string): string {
  spendChanged(text);
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** `text.upperAscii()` */
export function upperAscii(text: string): string {
  spendChanged(text);
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** `text.replace(part, by, limit)`: at most `limit` times; without a limit, or below zero, everywhere. */
export function replace(text: string, part: string, by: string, limit = -1n): string {
  if (limit === 0n) return text;
  // An empty part stands before every code point, and at the end.
  const all = part === "" ? ["", ...characters(text), ""] : splitAt(text, part);
  const times = limit < 0n || limit > BigInt(all.length - 1) ? all.length - 1 : Number(limit);
  checkLength(text.length + times * by.length);
  return all.slice(0, times + 1).join(by) + all.slice(times + 1).map((rest) => part + rest).join(""); // biome-ignore format: short
}

/** `text.split(separator, limit)`: at most `limit` parts; without a limit, or below zero, all. */
export function split(text: string, separator: string, limit = -1n): readonly string[] {
  if (limit === 0n) return [];
  const all = separator === "" ? characters(text) : splitAt(text, separator);
  checkElements(all.length);
  if (limit < 0n || limit >= BigInt(all.length)) return all;
  const count = Number(limit) - 1;
  return [...all.slice(0, count), all.slice(count).join(separator)];
}

/** Code point by code point. */
function characters(text: string): string[] {
  spend(text.length);
  return [...text];
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
  checkLength(text.length);
  return characters(text).reverse().join("");
}

const SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** `text.trim()`: without the white space of Unicode at both ends. */
export function trim(text: string): string {
  spendWalk(text.length);
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
  spendWalk(text.length * CHANGE);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return `"${text.replace(/[\x07-\r"\\]/g, (char) => ESCAPES[char]!)}"`;
}
