import { groupsOf, joinsOfConditions } from "../joins/join-groups.js";
import type { CallPlan, JoinPlan, MethodResolverPlan, Translator } from "../types.js";
import { readsOfJoin } from "../walk.js";
import { askText } from "./ask-text.js";
import { keyNames, type Place, type Places, placesIn, placesInside } from "./places.js";

import type { Budget, BudgetStep, BudgetTerm, CallCount } from "./types.js";

/** Counts the calls of a method. */
export function budgetOf(
  calls: readonly CallPlan[],
  translator: Translator,
  resolver?: MethodResolverPlan,
): Budget {
  return new Counter().count(calls, translator, resolver);
}

/** A join that is being counted. */
interface Draft extends BudgetStep {
  readonly join: JoinPlan;
  readonly places: readonly Place[];
  /** How many fetches of joins come before it, one after the other, in the walk that it stands in. */
  readonly wave: number;
}

class Counter {
  readonly #steps: BudgetStep[] = [];
  readonly #terms: Array<{ steps: BudgetStep[]; count: CallCount; most: number }> = [];
  readonly #calls = new Map<CallPlan, BudgetStep>();
  readonly #shared = new Map<string, BudgetTerm>();
  #prompt: ReadonlySet<JoinPlan> = new Set();
  /** The joins that are being followed: one that reaches itself has its own finding. */
  readonly #open = new Set<JoinPlan>();

  count(calls: readonly CallPlan[], translator: Translator, resolver?: MethodResolverPlan): Budget {
    for (const call of calls) {
      const after: BudgetStep[] = [];
      const step = { name: call.name, what: { kind: "call", call }, depth: 0, keys: [], after } as const;
      this.#calls.set(call, this.#add({ ...step, term: this.#newTerm() }));
    }
    for (const [call, { after }] of this.#calls)
      for (const before of call.after) (after as BudgetStep[]).push(this.#calls.get(before)!);
    this.#prompt = joinsOfConditions(translator, calls);
    const unnamed = calls.find((call) => call.unnamed);
    const source = translator.source === undefined ? undefined : unnamed;
    this.#walk(placesIn(translator, source));
    if (resolver !== undefined) this.#resolverTerm(resolver);
    for (const term of this.#terms)
      if (term.count.kind !== "resolver") Object.assign(term, countOf(term.steps));
    const sum = (terms: readonly BudgetTerm[]) => terms.reduce((total, { most }) => total + most, 0);
    const constant = sum(this.#terms.filter(isFixed));
    const resolvers = this.#terms.flatMap(({ count }) => (count.kind === "resolver" ? [count.name] : []));
    return { steps: this.#steps, terms: this.#terms, constant, most: sum(this.#terms), resolvers };
  }

  #newTerm() {
    const count: CallCount = { kind: "once", pages: 1 };
    const term = { steps: [] as BudgetStep[], count: count as CallCount, most: 1 };
    this.#terms.push(term);
    return term;
  }

  #add<Step extends BudgetStep>(step: Step): Step {
    (step.term.steps as BudgetStep[]).push(step);
    this.#steps.push(step);
    return step;
  }

  /**
   * Adds the joins of one walk, and those on the rows that they find. Joins that ask alike share their calls where they are
   * fetched at the same time: in one group of the outermost walk (`top`), and in one wave, since none of a wave waits for
   * another.
   */
  #walk(found: Places, outer?: Draft, top?: number): void {
    const callsOf = (join: JoinPlan) => this.#callsOf(join, found.get(join)!);
    const groups = groupsOf([...found.keys()], outer === undefined ? callsOf : undefined, this.#prompt);
    const waves = new Map<JoinPlan, number>();
    for (const { joins, after } of groups) {
      const wave =
        outer === undefined ? 0 : 1 + Math.max(outer.wave, ...after.map((other) => waves.get(other) ?? 0));
      for (const join of joins) waves.set(join, wave);
    }
    const here = new Map<JoinPlan, Draft>();
    for (const [join, places] of found) {
      const index = groups.findIndex(({ joins }) => joins.includes(join));
      const wave = waves.get(join)!;
      const { resolver } = join.lookup;
      const how = `${top ?? index} ${wave} ${askText(join.lookup)}`;
      const term = resolver === undefined ? this.#termOf(how) : this.#resolverTerm(resolver);
      const after = [
        ...callsOf(join).map((call) => this.#calls.get(call)!),
        ...(outer === undefined ? [] : [outer]),
        ...join.after.flatMap((other) => here.get(other) ?? []),
      ];
      const depth = outer === undefined ? 0 : outer.depth + 1;
      const keys = [...new Set(places.map((place) => keyNames(join, place).join(" & ")))];
      const what = { kind: "join", join } as const;
      const step = { name: join.name, what, depth, keys, after, term, join, places, wave };
      here.set(join, this.#add(step));
      if (this.#open.has(join)) continue;
      this.#open.add(join);
      for (const site of placesInside(join, places)) this.#walk(site, step, top ?? index);
      this.#open.delete(join);
    }
  }

  /** The calls that say which rows there are, and which keys they have. */
  #callsOf(join: JoinPlan, places: readonly Place[]): CallPlan[] {
    const calls = new Set(places.flatMap((place) => [...place.calls]));
    for (const { root } of readsOfJoin(join)) if (root.kind === "call") calls.add(root.call);
    return [...calls];
  }

  /** One that may call nothing adds nothing. */
  #resolverTerm({ name, mayCall }: Pick<MethodResolverPlan, "name" | "mayCall">): BudgetTerm {
    if (mayCall.length === 0) return noCalls();
    const how = `resolver ${name}`;
    const isNew = !this.#shared.has(how);
    const term = this.#termOf(how);
    if (isNew) Object.assign(term, { count: { kind: "resolver", name }, most: 0 });
    return term;
  }

  #termOf(how: string): BudgetTerm {
    const term = this.#shared.get(how) ?? this.#newTerm();
    this.#shared.set(how, term);
    return term;
  }
}

function noCalls(): BudgetTerm {
  return { steps: [], count: { kind: "once", pages: 1 }, most: 0 };
}

/** Whether a term comes to the same number for all requests. */
export function isFixed({ count }: BudgetTerm): boolean {
  return count.kind === "once" && count.pages === 1;
}

/** How many calls the joins of a term make, all of which ask alike. */
function countOf(steps: readonly BudgetStep[]): { count: CallCount; most: number } {
  const drafts = steps.filter((step): step is Draft => step.what.kind === "join");
  const lookup = drafts[0]?.join.lookup;
  const pages = lookup?.pages?.max ?? 1;
  const mostKeys = Math.min(
    lookup?.maxKeys ?? 1,
    drafts.reduce((sum, draft) => sum + keysAsked(draft), 0),
  );
  if (lookup === undefined || lookup.mode === "all" || mostKeys <= 1)
    return { count: { kind: "once", pages }, most: pages };
  const perCall = lookup.mode === "each" ? 1 : lookup.batchSize;
  const single = lookup.ask.map((path) => path.every((field) => field.cardinality === "singular"));
  const isGrouped = lookup.mode === "batch" && single.includes(true);
  const groupedBy = isGrouped ? partsOf(drafts, (part) => single[part]!) : [];
  const keys = partsOf(drafts, (part) => !isGrouped || !single[part]);
  // Of grouped keys, each may be the only one of its group.
  const calls = isGrouped ? mostKeys : Math.ceil(mostKeys / perCall);
  return { count: { kind: "keys", keys, mostKeys, perCall, groupedBy, pages }, most: calls * pages };
}

/** The most keys that the rows of a join have. */
function keysAsked({ join, places }: Draft): number {
  if (join.keyList) return join.lookup.maxKeys;
  const rows = places.reduce((sum, place) => sum + place.rows, 0);
  return Math.min(rows, join.lookup.maxRows);
}

function partsOf(drafts: readonly Draft[], isWanted: (part: number) => boolean): string[] {
  const names = drafts.flatMap(({ join, places }) =>
    places.map((place) =>
      keyNames(join, place)
        .filter((_, part) => isWanted(part))
        .join(" & "),
    ),
  );
  return [...new Set(names)];
}
