import type { Principal } from "../auth/principal.js";
import { CostError } from "../cel/error.js";
import { Code, codeName } from "../grpc/code.js";
import { TooLongError, TooManyRowsError, WireError } from "../wire/error.js";

export { Code, codeName };

/** What a client is told of a code where nobody says more: "not found". */
export function codeText(code: Code): string {
  return code === Code.INTERNAL ? "internal error" : codeName(code).toLowerCase().replaceAll("_", " ");
}

/**
 * The one error that reaches a client: a code and a text that is safe to publish. What really happened is in
 * `cause`, which goes to the log and never to a client.
 */
export class PorticoError extends Error {
  override readonly name = "PorticoError";

  constructor(
    readonly code: Code,
    /** Public text: must never carry anything internal. */
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What a caller gets who may not. */
export function denialOf(principal: Principal | undefined, cause?: unknown): PorticoError {
  return principal === undefined
    ? new PorticoError(Code.UNAUTHENTICATED, "credentials required", { cause })
    : new PorticoError(Code.PERMISSION_DENIED, "permission denied", { cause });
}

/**
 * Any thrown value as a PorticoError. Malformed bytes are the fault of whoever sent them; whatever was not made to be
 * published is "internal error".
 */
export function toPorticoError(thrown: unknown): PorticoError {
  const options = { cause: thrown };
  if (thrown instanceof PorticoError) {
    // Hand-written code may have made it: OK is no error, and other numbers mean nothing to clients.
    const isError = Object.values(Code).includes(thrown.code) && thrown.code !== Code.OK;
    return isError ? thrown : new PorticoError(Code.INTERNAL, "internal error", options);
  }
  if (thrown instanceof WireError && thrown.origin === "") {
    const text = thrown.isPublic ? thrown.message : "malformed request";
    return new PorticoError(Code.INVALID_ARGUMENT, text, options);
  }
  if (thrown instanceof TooLongError) {
    return new PorticoError(Code.RESOURCE_EXHAUSTED, "message too long", options);
  }
  if (thrown instanceof TooManyRowsError) {
    return new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too many rows", options);
  }
  if (thrown instanceof CostError) {
    return new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too much computing", options);
  }
  return new PorticoError(Code.INTERNAL, "internal error", options);
}
