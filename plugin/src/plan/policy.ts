import type { Policy } from "../source/annotations.js";
import type { Context, Place } from "./context.js";
import { checkLater } from "./later.js";
import type { PolicyPlan } from "./types.js";

/** Resolves `allow`. Reports one that says nothing, or two things. */
export function planPolicy(context: Context, policy: Policy, place: Place): PolicyPlan | undefined {
  if (!checkLater(context, policy, place)) return undefined;
  const granted = policy.role.length > 0 || policy.scope.length > 0;
  const said = [policy.public, policy.authenticated, granted].filter(Boolean).length;
  if (said !== 1) {
    context.report(
      "policy-conflict",
      place,
      said === 0 ? "a policy that admits nobody" : "a policy that says two things at once",
      "write exactly one of `public: true`, `authenticated: true`, or `role` and `scope`",
    );
    return undefined;
  }
  for (const [name, values] of [
    ["role", policy.role],
    ["scope", policy.scope],
  ] as const) {
    const empty = values.findIndex((value) => value.trim() === "");
    if (empty < 0) continue;
    context.report(
      "policy-conflict",
      { ...place, path: [...place.path!, name, empty] },
      `an empty ${name}`,
      "name it, or remove it",
    );
    return undefined;
  }
  if (policy.public) return { kind: "public" };
  if (policy.authenticated) return { kind: "authenticated" };
  return { kind: "granted", roles: [...policy.role], scopes: [...policy.scope] };
}
