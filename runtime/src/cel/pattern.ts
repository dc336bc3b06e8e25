import { createRequire } from "node:module";
import { spend } from "./budget.js";
import { fail } from "./error.js";

/** A compiled pattern of RE2: it takes time linear in the text, whatever the pattern. */
export interface Pattern {
  test(text: string): boolean;
}

/** Longer patterns are an error. */
const MAX_PATTERN = 4096;
const MAX_PATTERNS = 256;
const UNITS_PER_STEP = 16;

let compile: ((pattern: string) => Pattern) | undefined;
const patterns = new Map<string, Pattern>();

/**
 * A pattern of `matches`, which may match anywhere in the text.
 *
 * Source: https://github.com/google/re2/wiki/Syntax
 */
export function pattern(text: string): Pattern {
  let made = patterns.get(text);
  if (made === undefined) {
    if (text.length > MAX_PATTERN) fail("too long a pattern");
    compile ??= loadRe2();
    try {
      made = compile(text);
    } catch {
      return fail("not a pattern of RE2");
    }
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(text, made);
  }
  return made;
}

/** `text.matches(regex)` */
export function matches(text: string, regex: string): boolean {
  return pattern(regex).test(text);
}

/** The engine is loaded with the first pattern, so that gateways without one do not carry it. */
function loadRe2(): (pattern: string) => Pattern {
  const { RE2JS } = createRequire(import.meta.url)("@bufbuild/re2") as typeof import("@bufbuild/re2");
  return (text) => {
    const compiled = RE2JS.compile(text);
    // Each unit of a text may be compared with each part of the pattern.
    const cost = 1 + Math.floor(text.length / UNITS_PER_STEP);
    return {
      test(tested) {
        spend(tested.length * cost);
        return compiled.test(tested);
      },
    };
  };
}
