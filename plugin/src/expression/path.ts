import type { Part } from "../source/locate.js";

/** One name of a path, and where it stands in the annotation's string. */
export interface Segment extends Part {
  readonly name: string;
}

/** A plain path: "user.email". */
export type Path = readonly Segment[];

/** A string that is to be read as an expression, with its offset in the annotation's string. */
export interface Text {
  readonly value: string;
  readonly offset: number;
}

const PLAIN = /^[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*$/;

/**
 * Parses a plain path. Plain paths are not left to CEL's parser, since a field may be called `package` or `in`, which
 * CEL reserves. Undefined where the text is anything else.
 */
export function parsePath(text: Text): Path | undefined {
  const { value, start } = trim(text);
  if (!PLAIN.test(value)) return undefined;
  return [...value.matchAll(/\w+/g)].map((match) => ({
    name: match[0],
    start: start + match.index,
    end: start + match.index + match[0].length,
  }));
}

/** "user.email", as the author meant it. */
export function pathText(path: Path): string {
  return path.map((segment) => segment.name).join(".");
}

/** The part that a text covers, without the space around it. */
export function partOf(text: Text): Part {
  const { value, start } = trim(text);
  return { start, end: start + value.length };
}

function trim(text: Text): { value: string; start: number } {
  const value = text.value.trim();
  return { value, start: text.offset + (value === "" ? 0 : text.value.indexOf(value)) };
}
