import type { MethodPlan, Translator } from "../../plan/types.js";
import { eachTranslator, setsOf } from "../../plan/walk.js";
import { ownJoins } from "../analysis.js";

/**
 * The claims that have to be there before anything is called: those that only a later call or a join needs. What the
 * first of calls in order needs is found missing while its request is written.
 */
export function requiredClaims(plan: MethodPlan, isLinear: boolean): ReadonlyArray<readonly string[]> {
  const claims = new Map<string, readonly string[]>();
  for (const call of plan.calls) note(claims, call.request);
  eachTranslator(plan.translator, (translator) => {
    for (const join of ownJoins(translator)) for (const set of setsOf(join)) note(claims, set);
  });
  for (const { request } of plan.resolver?.sets ?? []) note(claims, request);
  if (isLinear) {
    const early = new Map<string, readonly string[]>();
    const first = plan.calls.find((call) => call.after.size === 0);
    if (first !== undefined) note(early, first.request);
    for (const key of early.keys()) claims.delete(key);
  }
  return [...claims.values()];
}

/** Only what is written whatever the request holds: the translator's own fields. */
function note(claims: Map<string, readonly string[]>, translator: Translator): void {
  for (const { value } of translator.fields)
    if (value.root.kind === "auth") claims.set(JSON.stringify(value.root.claim), value.root.claim);
}
