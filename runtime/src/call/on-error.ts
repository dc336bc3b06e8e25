import { UpstreamError } from "../upstream/upstream.js";
import { type Code, codeText, PorticoError } from "./error.js";

/** What becomes of an upstream's error; of several rules the first that fits. */
export interface ErrorRule {
  /** The code that the upstream gave; without one, any. */
  readonly code?: number;
  /** "empty": as if nothing had been found. "drop": of a join, its rows are left out of their lists. */
  readonly outcome: "fail" | "empty" | "drop";
  /** What the client is told instead of what it would be told. */
  readonly as?: Code;
  readonly message?: string;
}

/** What a call or join says of errors. */
export interface OnError {
  readonly rules: readonly ErrorRule[];
  /** The fields of the public response that are left empty: "orders.user_email". */
  readonly degraded: readonly string[];
}

/** The rule for what an upstream call threw; undefined where none fits, or where it is no error of an upstream. */
export function ruleFor(thrown: unknown, { rules }: OnError): ErrorRule | undefined {
  const cause = thrown instanceof PorticoError ? thrown.cause : undefined;
  if (!(cause instanceof UpstreamError)) return undefined;
  return rules.find(({ code }) => code === undefined || code === cause.code);
}

/** The error that a client gets by a rule. */
export function failureBy({ as, message }: ErrorRule, thrown: PorticoError): PorticoError {
  if (as === undefined && message === undefined) return thrown;
  const text = message ?? (as === undefined ? thrown.message : codeText(as));
  return new PorticoError(as ?? thrown.code, text, { cause: thrown.cause });
}
