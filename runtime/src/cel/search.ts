import { spendWalk } from "./budget.js";

/**
 * Searches of a text in a text, in time linear in their lengths: the engine's own multiplies them where both repeat
 * themselves, and both may be a client's.
 */

/** The engine looks for parts that are as short as this, of which it compares each unit a few times at most. */
export const SHORT = 16;

/** Where `part` first stands at or after `from`, in units; -1 where it does not. */
export function find(text: string, part: string, from = 0): number {
  spendWalk(text.length + part.length);
  if (part.length <= SHORT) return text.indexOf(part, from);
  const at = (i: number) => text.charCodeAt(i);
  const [found] = search(text.length, part.length, from, at, (i) => part.charCodeAt(i), 1);
  return found ?? -1;
}

/** Where `part` last stands at or before `from`, in units; -1 where it does not. */
export function findLast(text: string, part: string, from: number): number {
  spendWalk(text.length + part.length);
  if (part.length <= SHORT) return text.lastIndexOf(part, from);
  const [n, m] = [text.length, part.length];
  // The same search, from the other end.
  const start = Math.max(0, n - m - from);
  const at = (i: number) => text.charCodeAt(n - 1 - i);
  const [found] = search(n, m, start, at, (i) => part.charCodeAt(m - 1 - i), 1);
  return found === undefined ? -1 : n - m - found;
}

/** The pieces of `text` between where `part` stands, which is not empty. */
export function splitAt(text: string, part: string): string[] {
  spendWalk(text.length + part.length);
  if (part.length <= SHORT) return text.split(part);
  const pieces: string[] = [];
  let start = 0;
  const unit = (i: number) => text.charCodeAt(i);
  for (const at of search(text.length, part.length, 0, unit, (i) => part.charCodeAt(i))) {
    pieces.push(text.slice(start, at));
    start = at + part.length;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/**
 * Where a part stands, without overlaps, `limit` times at most: each unit of the text is looked at once.
 *
 * Source: https://en.wikipedia.org/wiki/Knuth–Morris–Pratt_algorithm
 */
function search(
  length: number,
  partLength: number,
  from: number,
  text: (i: number) => number,
  part: (i: number) => number,
  limit = Number.POSITIVE_INFINITY,
): number[] {
  const found: number[] = [];
  if (length - from < partLength) return found;
  const border = borders(partLength, part);
  let matched = 0;
  for (let i = from; i < length && found.length < limit; i++) {
    while (matched > 0 && text(i) !== part(matched)) matched = border[matched - 1]!;
    if (text(i) === part(matched)) matched++;
    if (matched === partLength) {
      found.push(i + 1 - partLength);
      matched = 0;
    }
  }
  return found;
}

/** For each beginning of a part: how much of its end is also its beginning. */
function borders(length: number, part: (i: number) => number): Int32Array {
  const border = new Int32Array(length);
  let matched = 0;
  for (let i = 1; i < length; i++) {
    while (matched > 0 && part(i) !== part(matched)) matched = border[matched - 1]!;
    if (part(i) === part(matched)) matched++;
    border[i] = matched;
  }
  return border;
}
