import { fail } from "./error.js";

/**
 * What one expression may cost, so that a hostile request cannot hold the process: nested macros multiply the lengths
 * of what they walk over, and strings can be made out of strings.
 */

/** Longest string, in UTF-16 units, and longest bytes value that an expression may make. */
export const MAX_LENGTH = 4 * 1024 * 1024;
/** Longest list that an expression may make. */
export const MAX_ELEMENTS = 1_000_000;
/** Elements that one macro, with all macros and searches inside it, may visit. */
export const MAX_STEPS = 10_000_000;

let depth = 0;
let steps = 0;

/** Counts `count` visits of elements; outside of macros they only have to be few enough by themselves. */
export function spend(count: number): void {
  steps = depth === 0 ? count : steps + count;
  if (steps > MAX_STEPS) fail("the expression takes too many steps");
}

/** Runs a macro: the steps inside it count together. Expressions are synchronous, so one counter is enough. */
export function metered<T>(run: () => T): T {
  if (depth === 0) steps = 0;
  depth++;
  try {
    return run();
  } finally {
    depth--;
  }
}

/** A string that is about to be made must fit the bound. */
export function checkLength(length: number): void {
  if (length > MAX_LENGTH) fail("the expression makes too long a string");
}

/** A list that is about to be made must fit the bound. */
export function checkElements(count: number): void {
  if (count > MAX_ELEMENTS) fail("the expression makes too long a list");
}
