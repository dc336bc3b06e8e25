/**
 * A CEL expression that has no value: an overflow, a division by zero, a key that is not there. Its text is for the
 * log of the gateway's operator, never for a client.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#runtime-errors
 */
export class CelError extends Error {
  override readonly name = "CelError";
}

/** What is read is not there: a call that was not made, a row that was not found, a claim that the caller lacks. */
export class AbsentError extends CelError {}

/**
 * An expression costs more than it may. No operator of the language absorbs it, as `a || b` does a CelError: what follows
 * would cost even more.
 */
export class CostError extends Error {
  override readonly name = "CostError";
}

/** Throws; in compiled code, it stands where an expression cannot have a value. */
export function fail(message: string): never {
  throw new CelError(message);
}

/** Null where compiled code has a message or a time, of which null is a value. */
export function nothing(): never {
  return null as never;
}
