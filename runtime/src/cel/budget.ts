import { CostError, fail } from "./error.js";

/**
 * What one expression may cost, so that a hostile request cannot hold the process: nested macros multiply the lengths
 * of what they walk over, and strings can be made out of strings.
 */

/** Longest string, in UTF-16 units, and longest bytes value that an expression may make. */
export const MAX_LENGTH = 4 * 1024 * 1024;
/** Longest list that an expression may make. */
export const MAX_ELEMENTS = 1_000_000;
/** Elements that one macro, with all macros and searches inside it, may visit; and all expressions of one walk. */
export const MAX_STEPS = 10_000_000;
/** Units of strings, and bytes, that one macro may make, with all that is inside it; and all expressions of one walk. */
export const MAX_MADE = 32 * 1024 * 1024;

// Units of a text that are walked over in the time of one step.
const UNITS_PER_STEP = 16;
const BYTES_PER_ELEMENT = 8;

/** What has been spent so far. */
interface Meter {
  steps: number;
  made: number;
}

let depth = 0;
// Of one macro that no walk contains.
const alone: Meter = { steps: 0, made: 0 };
let walking: Meter | undefined;
let isEnding = false;

/**
 * From here on, until whoever runs now gives the process to others, all expressions count together: those of one walk over
 * a message that writes a response, or looks for keys. However many rows it has, they cannot hold the process.
 */
export function beginWalk(): void {
  walking = { steps: 0, made: 0 };
  if (isEnding) return;
  isEnding = true;
  queueMicrotask(endWalk);
}

function endWalk(): void {
  walking = undefined;
  isEnding = false;
}

/** As `beginWalk`, for what `run` does. */
export function walk<T>(run: () => T): T {
  const before = walking;
  walking = { steps: 0, made: 0 };
  try {
    return run();
  } finally {
    walking = before;
  }
}

/** Counts `count` visits of elements; outside of macros and walks they only have to be few enough by themselves. */
export function spend(count: number): void {
  const meter = walking ?? alone;
  meter.steps = isCounting() ? meter.steps + count : count;
  if (meter.steps > MAX_STEPS) exceeded("the expression takes too many steps");
}

function isCounting(): boolean {
  return depth > 0 || walking !== undefined;
}

/** What comes next is not the same walk any more. */
function exceeded(message: string): never {
  walking = undefined;
  throw new CostError(message);
}

/** Counts a walk over a text, or over bytes. */
export function spendWalk(length: number): void {
  spend(1 + Math.floor(length / UNITS_PER_STEP));
}

/** Runs a macro: what it costs inside counts together. Expressions are synchronous, so one counter is enough. */
export function metered<T>(run: () => T): T {
  if (depth === 0) {
    alone.steps = 0;
    alone.made = 0;
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

/** Counts bytes that are about to be made, as `spend` does. */
function make(bytes: number): void {
  const meter = walking ?? alone;
  meter.made = isCounting() ? meter.made + bytes : bytes;
  if (meter.made > MAX_MADE) exceeded("the expression makes too much");
}
