import { Code, PorticoError } from "../call/error.js";
import type { Reader } from "../wire/reader.js";
import type { Principal } from "./principal.js";

/** Who may call a method; generated from `allow`. */
export type Policy =
  | { readonly kind: "public" }
  | { readonly kind: "authenticated"; readonly when?: Condition }
  | {
      readonly kind: "granted";
      /** Any one of them; empty: no role is asked for. */
      readonly roles: readonly string[];
      /** All of them. */
      readonly scopes: readonly string[];
      readonly when?: Condition;
    };

/** What a condition on who calls may read. */
export interface Caller {
  readonly principal: Principal | undefined;
  readonly metadata: ReadonlyArray<readonly [string, string]>;
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/** Narrows whom a policy admits. */
export type Condition = (caller: Caller) => boolean;

/** Who may read and set a field; generated from its `allow`. */
export type FieldPolicy = Exclude<Policy, { kind: "public" }> & {
  /** A condition that also reads the public request. */
  readonly whenAsked?: (caller: Caller, request: Reader) => boolean;
};

/** Whether a field's policy admits a caller. */
export function mayHave(policy: FieldPolicy, caller: Caller, request: Reader | undefined): boolean {
  const { principal } = caller;
  if (principal === undefined || !admits(policy, principal)) return false;
  if (policy.when?.(caller) === false) return false;
  if (policy.whenAsked === undefined) return true;
  // Without the request that it reads, nobody can say.
  return request !== undefined && policy.whenAsked(caller, request);
}

/** Throws UNAUTHENTICATED or PERMISSION_DENIED unless the policy admits the principal. */
export function authorize(
  policy: Policy,
  principal: Principal | undefined,
  /** Asked for only where a condition reads it. */
  callerOf: () => Caller,
): void {
  if (policy.kind === "public") return;
  if (principal === undefined) throw new PorticoError(Code.UNAUTHENTICATED, "credentials required");
  if (!admits(policy, principal) || policy.when?.(callerOf()) === false)
    throw new PorticoError(Code.PERMISSION_DENIED, "permission denied");
}

function admits(policy: Exclude<Policy, { kind: "public" }>, principal: Principal): boolean {
  if (policy.kind === "authenticated") return true;
  const { roles, scopes } = policy;
  // An empty grant cannot come from the generator; were it to, it must admit nobody.
  return (
    roles.length + scopes.length > 0 &&
    (roles.length === 0 || includesAny(principal.roles, roles)) &&
    includesAll(principal.scopes, scopes)
  );
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
