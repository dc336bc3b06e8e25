import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { methodRule, type Policy } from "../../source/annotations.js";
import { type Context, list, type Place } from "../context.js";
import type { Expression, MethodPlan, PolicyPlan, Translator } from "../types.js";
import { resolveCondition } from "../values/expressions.js";
import type { Scope } from "../values/scope.js";
import { eachTranslator, neededJoins, setsOf } from "../walk.js";
import { needsCaller } from "./needs-caller.js";

/** Resolves `allow`. Reports one that says nothing, or two things. */
export function planPolicy(
  context: Context,
  policy: Policy,
  place: Place,
  /** What its `when` sees; undefined: that is looked at where there is a method. */
  names?: Scope,
): PolicyPlan | undefined {
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
  if (policy.when !== "" && policy.public) {
    context.report(
      "policy-conflict",
      { ...place, path: [...place.path!, "when"] },
      "everybody may, so `when` has nothing to narrow",
      "write `authenticated: true`, or remove the `when`",
    );
    return undefined;
  }
  if (policy.public) return { kind: "public" };
  const when = names === undefined ? {} : narrowed(context, policy, place, names);
  if (when === undefined) return undefined;
  if (policy.authenticated) return { kind: "authenticated", ...when };
  return { kind: "granted", roles: [...policy.role], scopes: [...policy.scope], ...when };
}

/** `when`: it is decided before anything is called. */
function narrowed(
  context: Context,
  policy: Policy,
  place: Place,
  names: Scope,
): { when?: Expression } | undefined {
  if (policy.when === "") return {};
  const at: Place = { ...place, path: [...place.path!, "when"] };
  const when = resolveCondition(context, policy.when, names, at);
  if (when === undefined) return undefined;
  const read = when.reads.find(({ root }) => root.kind === "call");
  if (read === undefined) return { when };
  context.report(
    "policy-conflict",
    at,
    "the policy reads a call, and is decided before anything is called",
    "read the request or `auth`, or write it as an `ensure`",
  );
  return undefined;
}

/** Reports methods that everybody may call, and that set what only a caller with a token has: no call of nobody passes. */
export function checkPublic(context: Context, service: DescService, plans: readonly MethodPlan[]): void {
  const denied = plans.filter((plan) => plan.policy.kind === "public" && needsPrincipal(plan));
  const own = denied.filter(({ desc }) => methodRule(desc)?.allow !== undefined);
  const report = (element: DescMethod | DescService, names: readonly string[]) =>
    context.report(
      "policy-conflict",
      { element, path: ["allow"] },
      `everybody may call ${list(names)}, but a \`set\` from \`auth\` denies all who come without a token`,
      element.kind === "rpc" || names.length === service.methods.length
        ? "write `authenticated: true`, or remove the `set`"
        : "write `authenticated: true`, here or in an `allow` of the method, or remove the `set`",
    );
  for (const { desc } of own) report(desc, [desc.name]);
  const rest = denied.filter((plan) => !own.includes(plan));
  if (rest.length > 0)
    report(
      service,
      rest.map(({ desc }) => desc.name),
    );
}

function needsPrincipal({ calls, translator, resolver }: MethodPlan): boolean {
  const reads = (request: Translator | undefined, mayBeLeftOut = false) =>
    request?.fields.some(({ value: { root } }) =>
      root.kind === "expression" ? !mayBeLeftOut && needsCaller(root.expression) : root.kind === "auth",
    ) === true;
  // What a `set` needs may be what the `when` beside it asks for.
  let found = calls.some(({ request, when }) => reads(request, when !== undefined));
  eachTranslator(translator, (inner) => {
    if (inner.direction === "request") return;
    for (const join of neededJoins(inner)) found ||= setsOf(join).some((set) => reads(set));
  });
  return found || resolver?.sets.some(({ request }) => reads(request)) === true;
}
