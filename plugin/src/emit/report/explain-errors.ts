import { ERROR_CODES } from "../../plan/calls/codes.js";
import type { ErrorRulePlan } from "../../plan/types.js";

/** What becomes of errors of a step: the first that fits. */
export interface ExplainedError {
  /** The upstream's code; absent: any. */
  readonly code?: string;
  /** Taken only if this is true. */
  readonly when?: string;
  readonly then: ErrorRulePlan["outcome"];
  /** The code and the text that the client gets, where they are said: the text, or the expression that gives it. */
  readonly as?: string;
  readonly message?: string;
}

const NAMES = new Map([...ERROR_CODES].map(([name, number]) => [number, name]));

/** Explains the `on_error` of a step. */
export function explainErrors(rules: readonly ErrorRulePlan[]): ExplainedError[] {
  return rules.map(({ code, when, outcome, as, message }) => ({
    ...(code !== undefined && { code: NAMES.get(code)! }),
    ...(when !== undefined && { when: when.text }),
    // biome-ignore lint/suspicious/noThenProperty: as the annotation calls it, and no function.
    then: outcome,
    ...(as !== undefined && { as: NAMES.get(as)! }),
    ...(message !== undefined && { message: typeof message === "string" ? message : message.text }),
  }));
}

/** "on UNAVAILABLE: empty" */
export function errorText({ code, when, then, as, message }: ExplainedError): string {
  const condition = when === undefined ? "" : ` if ${when.replace(/\s+/g, " ")}`;
  const told = [
    ...(as === undefined ? [] : [` as ${as}`]),
    ...(message === undefined ? [] : [` "${message}"`]),
  ];
  return `on ${code ?? "any error"}${condition}: ${then}${told.join("")}`;
}
