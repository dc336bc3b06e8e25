import type { Writer } from "../wire/writer.js";
import type { Call } from "./call.js";
import { Code, PorticoError } from "./error.js";

/**
 * Writes `auth.subject` (an empty path) or `auth.claims.…` as a string field. In a response, what is not there is left
 * out. In a request (`required`) it denies: a call without its tenant might be a call for all tenants.
 */
export function writeClaim(
  w: Writer,
  tag: number,
  call: Call,
  path: readonly string[],
  required: boolean,
): void {
  const { principal } = call;
  if (principal === undefined) {
    if (required) throw new PorticoError(Code.UNAUTHENTICATED, "credentials required");
    return;
  }
  let value: unknown = path.length === 0 ? principal.subject : principal.claims;
  for (const name of path) {
    const fields = value as Record<string, unknown> | null | undefined;
    value =
      typeof fields === "object" && fields !== null && Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  if (typeof value === "number" || typeof value === "boolean") value = String(value);
  if (typeof value === "string" && value !== "") w.text(tag, value);
  else if (required) throw new PorticoError(Code.PERMISSION_DENIED, "permission denied");
}
