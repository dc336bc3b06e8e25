import { UpstreamError } from "../upstream/upstream.js";
import { Code, PorticoError } from "./error.js";

/** When an upstream call had to end, beside the public call it belongs to. In milliseconds of `Date.now()`. */
export interface PublicErrorContext {
  readonly deadlineMs: number;
  readonly publicDeadlineMs: number;
}

// The codes that pass, each with the text that clients see instead of the upstream's own. All others are INTERNAL:
// an upstream's INVALID_ARGUMENT, UNAUTHENTICATED or PERMISSION_DENIED speaks of the gateway's call, not the client's.
const passing: ReadonlyMap<number, string> = new Map([
  [Code.NOT_FOUND, "not found"],
  [Code.ALREADY_EXISTS, "already exists"],
  [Code.FAILED_PRECONDITION, "failed precondition"],
  [Code.ABORTED, "aborted"],
  [Code.OUT_OF_RANGE, "out of range"],
  [Code.RESOURCE_EXHAUSTED, "resource exhausted"],
  [Code.UNAVAILABLE, "unavailable"],
  [Code.DEADLINE_EXCEEDED, "deadline exceeded"],
]);

/** The error that a client sees for a failed upstream call; the upstream's own text stays in `cause`. */
export function publicErrorOf(thrown: unknown, context: PublicErrorContext): PorticoError {
  const options = { cause: thrown };
  if (!(thrown instanceof UpstreamError)) return new PorticoError(Code.INTERNAL, "internal error", options);
  let code = thrown.code;
  // The call's own timeout, shorter than the client's deadline, is a slow upstream and not a slow client (the clock is
  // not asked whether it is over: the upstream may have ended a moment before it). And nobody here cancelled, so a
  // CANCELLED is the upstream's trouble.
  const ownTimeout =
    code === Code.DEADLINE_EXCEEDED &&
    context.deadlineMs < context.publicDeadlineMs &&
    Date.now() < context.publicDeadlineMs;
  if (ownTimeout || code === Code.CANCELLED) code = Code.UNAVAILABLE;
  const text = passing.get(code);
  if (text === undefined) return new PorticoError(Code.INTERNAL, "internal error", options);
  return new PorticoError(code as Code, text, options);
}
