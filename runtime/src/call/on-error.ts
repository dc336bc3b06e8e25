import type { Caller } from "../auth/policy.js";
import { CelError } from "../cel/error.js";
import type { Timestamp } from "../cel/time.js";
import type { Value } from "../cel/value.js";
import { UpstreamError } from "../upstream/upstream.js";
import type { Reader } from "../wire/reader.js";
import { type Code, codeText, PorticoError } from "./error.js";

/** What becomes of an upstream's error; of several rules the first that fits. */
export interface ErrorRule {
  /** The code that the upstream gave; without one, any. */
  readonly code?: number;
  /** "empty": as if nothing had been found. "drop": of a join, its rows are left out of their lists. */
  readonly outcome: "fail" | "empty" | "drop";
  /** What the client is told instead of what it would be told. */
  readonly as?: Code;
  readonly message?: string | ((call: ErrorContext) => Value);
  /** Taken only if this is true. */
  readonly when?: (call: ErrorContext) => boolean;
}

/** What the expressions of a rule read: the request, and who asks. */
export interface ErrorContext extends Caller {
  readonly request: Reader;
  now(): Timestamp;
  once<T>(name: string, compute: () => T): T;
}

/** What a call or join says of errors. */
export interface OnError {
  readonly rules: readonly ErrorRule[];
  /** The fields of the public response that are left empty: "orders.user_email". */
  readonly degraded: readonly string[];
}

/** The rule for what an upstream call threw; undefined where none fits, or where it is no error of an upstream. */
export function ruleFor(thrown: unknown, onError: OnError, call: ErrorContext): ErrorRule | undefined {
  const cause = thrown instanceof PorticoError ? thrown.cause : undefined;
  return cause instanceof UpstreamError ? ruleOf(cause.code, onError, call) : undefined;
}

/** The rule for a code that an upstream gave. */
export function ruleOf(given: number, { rules }: OnError, call: ErrorContext): ErrorRule | undefined {
  return rules.find(
    ({ code, when }) => (code === undefined || code === given) && (when === undefined || when(call)),
  );
}

/** The error that a client gets by a rule. */
export function failureBy(
  { as, message }: ErrorRule,
  thrown: PorticoError,
  call: ErrorContext,
): PorticoError {
  if (as === undefined && message === undefined) return thrown;
  const said = typeof message === "function" ? textOf(() => message(call)) : message;
  const text = said ?? (as === undefined ? thrown.message : codeText(as));
  return new PorticoError(as ?? thrown.code, text, { cause: thrown.cause });
}

const MAX_TEXT = 1000;

/** A text that an expression gives; without one, the client gets that of the code. */
function textOf(evaluate: () => Value): string | undefined {
  try {
    const text = evaluate();
    return typeof text === "string" ? text.slice(0, MAX_TEXT) : undefined;
  } catch (thrown) {
    if (thrown instanceof CelError) return undefined;
    throw thrown;
  }
}
