import { status } from "@grpc/grpc-js";

/** An error whose text may reach a client. */
export class PublicError extends Error {
  override readonly name = "PublicError";

  constructor(
    readonly code: status,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

// The codes of upstreams that clients may see, with the text they see; all else is INTERNAL.
const passing: ReadonlyMap<unknown, string> = new Map([
  [status.NOT_FOUND, "not found"],
  [status.ALREADY_EXISTS, "already exists"],
  [status.FAILED_PRECONDITION, "failed precondition"],
  [status.ABORTED, "aborted"],
  [status.OUT_OF_RANGE, "out of range"],
  [status.RESOURCE_EXHAUSTED, "resource exhausted"],
  [status.UNAVAILABLE, "unavailable"],
  [status.DEADLINE_EXCEEDED, "deadline exceeded"],
]);

/** What a client sees of anything thrown: an upstream's own text and details never pass. */
export function toPublicError(thrown: unknown): PublicError {
  if (thrown instanceof PublicError) return thrown;
  const code = (thrown as { code?: unknown } | null)?.code;
  const text = passing.get(code);
  if (text === undefined) return new PublicError(status.INTERNAL, "internal error", { cause: thrown });
  return new PublicError(code as status, text, { cause: thrown });
}
