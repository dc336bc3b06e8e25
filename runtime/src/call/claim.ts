import type { Writer } from "../wire/writer.js";
import type { Call } from "./call.js";
import { denialOf } from "./error.js";

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
  const value = claimOf(call, path);
  if (value !== undefined) w.text(tag, value);
  else if (required) throw denialOf(call.principal);
}

/**
 * Denies unless all these are there (see writeClaim): before anything is called, where only a later call or a join
 * needs them.
 */
export function requireClaims(call: Call, ...paths: ReadonlyArray<readonly string[]>): void {
  for (const path of paths) if (claimOf(call, path) === undefined) throw denialOf(call.principal);
}

function claimOf({ principal }: Call, path: readonly string[]): string | undefined {
  if (principal === undefined) return undefined;
  let value: unknown = path.length === 0 ? principal.subject : principal.claims;
  for (const name of path) {
    const fields = value as Record<string, unknown> | null | undefined;
    value =
      typeof fields === "object" && fields !== null && Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
