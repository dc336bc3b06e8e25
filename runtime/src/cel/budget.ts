import { CostError, fail } from "./error.js";

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
/** Units of strings, and bytes, that one macro may make, with all that is inside it. */
export const MAX_MADE = 32 * 1024 * 1024;

// Units of a text that are walked over in the time of one step.
const UNITS_PER_STEP = 16;
const BYTES_PER_ELEMENT = 8;

let depth = 0;
let steps = 0;
let made = 0;

/** Counts `count` visits of elements; outside of macros they only have to be few enough by themselves. */
export function spend(count: number): void {
  steps = depth === 0 ? count : steps + count;
  if (steps > MAX_STEPS) throw new CostError("the expression takes too many steps");
}

/** Counts a walk over a text, or over bytes. */
export function spendWalk(length: number): void {
  spend(1 + Math.floor(length / UNITS_PER_STEP));
}

/** Runs a macro: what it costs inside counts together. Expressions are synchronous, so one counter is enough. */
export function metered<T>(run: () => T): T {
  if (depth === 0) {
    steps = 0;
    made = 0;
  }
  depth++;
  try {
    return run();
  } finally {
    depth--;
  }
}

/** A string, or bytes, that is about to be made must fit the bound. `added`: units of it that were not counted before. */
export function checkLength(length: number, added = length): void {
  if (length > MAX_LENGTH) fail("the expression makes too long a string");
  make(added);
  spendWalk(added);
}

/** A list that is about to be made must fit the bound. */
export function checkElements(count: number): void {
  if (count > MAX_ELEMENTS) fail("the expression makes too long a list");
  make(count * BYTES_PER_ELEMENT);
}

/** Counts bytes that are about to be made; outside of macros they only have to be few enough by themselves. */
function make(bytes: number): void {
  made = depth === 0 ? bytes : made + bytes;
  if (made > MAX_MADE) throw new CostError("the expression makes too much");
}
