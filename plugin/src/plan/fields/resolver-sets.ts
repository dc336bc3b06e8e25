import type { MethodScope } from "../method-scope.js";
import type { ResolverSetPlan, Translator, UpstreamMethod } from "../types.js";
import { scopeAside } from "../values/scope.js";
import { RequestFields } from "./request-fields.js";
import type { Translators } from "./translators.js";

/** What `set` of the public service says of the requests of what a resolver calls: as of those of calls and joins. */
export function planResolverSets(
  translators: Translators,
  mayCall: readonly UpstreamMethod[],
  scope: MethodScope,
): ResolverSetPlan[] {
  const names = scopeAside(scope);
  return mayCall.flatMap((method) => {
    const request: Translator = {
      direction: "request",
      target: method.input,
      source: undefined,
      fields: [],
      joins: [],
    };
    const fields = new RequestFields(translators, request, scope);
    for (const { text, place } of scope.serviceSets) {
      const said = translators.serviceSet(text, method.input, names, place);
      if (said !== undefined && !fields.isSet(said.target)) fields.assign(said);
    }
    fields.finishSets();
    return request.fields.length === 0 ? [] : [{ method, request }];
  });
}
