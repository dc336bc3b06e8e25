import { Code, PorticoError } from "../call/error.js";
import type { Principal } from "./principal.js";

/** Who may call a method; generated from `allow`. */
export type Policy =
  | { readonly kind: "public" }
  | { readonly kind: "authenticated" }
  | {
      readonly kind: "granted";
      /** Any one of them; empty: no role is asked for. */
      readonly roles: readonly string[];
      /** All of them. */
      readonly scopes: readonly string[];
    };

/** Throws UNAUTHENTICATED or PERMISSION_DENIED unless the policy admits the principal. */
export function authorize(policy: Policy, principal: Principal | undefined): void {
  if (policy.kind === "public") return;
  if (principal === undefined) throw new PorticoError(Code.UNAUTHENTICATED, "credentials required");
  if (policy.kind === "authenticated") return;
  const { roles, scopes } = policy;
  // An empty grant cannot come from the generator; were it to, it must admit nobody.
  const granted =
    roles.length + scopes.length > 0 &&
    (roles.length === 0 || includesAny(principal.roles, roles)) &&
    includesAll(principal.scopes, scopes);
  if (!granted) throw new PorticoError(Code.PERMISSION_DENIED, "permission denied");
}

// Loops, and no closures: every request passes here.
function includesAny(held: readonly string[], asked: readonly string[]): boolean {
  for (const one of asked) if (held.includes(one)) return true;
  return false;
}

function includesAll(held: readonly string[], asked: readonly string[]): boolean {
  for (const one of asked) if (!held.includes(one)) return false;
  return true;
}
