import { Code } from "@portico/runtime";
import type { ErrorRulePlan, Expression } from "../../plugin/src/plan/types.js";

/** A public method ends with this code. */
export class Failure extends Error {
  constructor(
    readonly code: number,
    what: string,
  ) {
    super(what);
  }
}

/** What a client sent cannot be taken. */
export function invalid(what: string): Failure {
  return new Failure(Code.INVALID_ARGUMENT, what);
}

// Those that say something about what was asked for; anything else is ours.
const PASSING: readonly number[] = [
  Code.NOT_FOUND,
  Code.ALREADY_EXISTS,
  Code.FAILED_PRECONDITION,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.RESOURCE_EXHAUSTED,
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
];

/** What an upstream's code becomes. */
export function publicCode(code: number): number {
  return PASSING.includes(code) ? code : Code.INTERNAL;
}

/** What becomes of the code that an upstream gave. */
export function outcomeOf(
  rules: readonly ErrorRulePlan[],
  code: number,
  holds: (condition: Expression) => boolean,
): { readonly outcome: ErrorRulePlan["outcome"]; readonly code: number } {
  const rule = rules.find(
    (one) => (one.code === undefined || one.code === code) && (one.when === undefined || holds(one.when)),
  );
  return { outcome: rule?.outcome ?? "fail", code: rule?.as ?? publicCode(code) };
}
