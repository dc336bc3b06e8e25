import { fieldName } from "../../source/model.js";
import type { MethodPlan, Plan, ResolverPlan, UpstreamMethod } from "../types.js";
import { eachTranslator, neededJoins } from "../walk.js";

/** A function that is written by hand, and what uses it. */
export interface ResolverUse {
  readonly name: string;
  readonly resolver: ResolverPlan;
  /** The internal methods that it may call. */
  readonly mayCall: readonly UpstreamMethod[];
  /** Full names of the fields that it makes. */
  readonly makes: readonly string[];
  /** The public methods that it runs in. */
  readonly methods: readonly MethodPlan[];
}

/** All functions that a plan names, by name. */
export function resolversOf(plan: Plan): ResolverUse[] {
  const uses = new Map<string, { resolver: ResolverPlan; makes: Set<string>; methods: Set<MethodPlan> }>();
  for (const method of plan.files.flatMap((file) => file.methods)) {
    eachTranslator(method.translator, (translator) => {
      for (const { lookup } of neededJoins(translator)) {
        const { resolver } = lookup;
        if (resolver === undefined) continue;
        const use = uses.get(resolver.name) ?? { resolver, makes: new Set(), methods: new Set() };
        uses.set(resolver.name, use);
        use.makes.add(fieldName(resolver.field));
        use.methods.add(method);
      }
    });
  }
  return [...uses]
    .map(([name, { resolver, makes, methods }]) => ({
      name,
      resolver,
      mayCall: resolver.mayCall,
      makes: [...makes].sort(),
      methods: [...methods],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
