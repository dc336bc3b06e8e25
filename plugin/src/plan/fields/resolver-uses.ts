import { fieldName } from "../../source/model.js";
import type { MethodPlan, MethodResolverPlan, Plan, ResolverPlan, UpstreamMethod } from "../types.js";
import { eachTranslator, neededJoins } from "../walk.js";

/** A function that is written by hand, and what uses it. */
export interface ResolverUse {
  readonly name: string;
  readonly resolver: ResolverPlan | MethodResolverPlan;
  /** The internal methods that it may call. */
  readonly mayCall: readonly UpstreamMethod[];
  /** What it makes: full names of fields, or of methods. */
  readonly makes: readonly string[];
  /** The public methods that it runs in. */
  readonly methods: readonly MethodPlan[];
}

/** All functions that a plan names, by name. */
export function resolversOf(plan: Plan): ResolverUse[] {
  const uses = new Map<
    string,
    { resolver: ResolverPlan | MethodResolverPlan; makes: Set<string>; methods: Set<MethodPlan> }
  >();
  const note = (resolver: ResolverPlan | MethodResolverPlan, makes: string, method: MethodPlan) => {
    const use = uses.get(resolver.name) ?? { resolver, makes: new Set(), methods: new Set() };
    uses.set(resolver.name, use);
    use.makes.add(makes);
    use.methods.add(method);
  };
  for (const method of plan.files.flatMap((file) => file.methods)) {
    if (method.resolver !== undefined)
      note(method.resolver, `${method.service.typeName}/${method.desc.name}`, method);
    eachTranslator(method.translator, (translator) => {
      for (const { lookup } of neededJoins(translator)) {
        const { resolver } = lookup;
        if (resolver !== undefined) note(resolver, fieldName(resolver.field), method);
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
