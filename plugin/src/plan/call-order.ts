import type { Call } from "../source/annotations.js";
import type { Context, Place } from "./context.js";
import type { CallPlan } from "./types.js";

/** A call that is being planned: what it waits for is not known yet. */
export interface Draft {
  readonly plan: CallPlan;
  readonly call: Call | undefined;
  readonly place: Place;
  readonly after: Set<CallPlan>;
}

/** Reads run side by side; writes wait for all before them, and all after them wait for them. */
export function orderCalls(
  context: Context,
  drafts: readonly Draft[],
  { name, nonAtomic }: { readonly name: string; readonly nonAtomic: boolean },
): void {
  let lastWrite: Draft | undefined;
  drafts.forEach((draft, index) => {
    if (lastWrite !== undefined) draft.after.add(lastWrite.plan);
    if (draft.plan.effect === "READ") return;
    for (const before of drafts.slice(0, index)) draft.after.add(before.plan);
    if (lastWrite !== undefined && !nonAtomic) {
      context.report(
        "write-atomic",
        draft.place,
        `${name} makes two writes: when the second fails, the first is not taken back`,
        "make one internal method of them, or accept it: `non_atomic: true`",
      );
    }
    lastWrite = draft;
  });
  for (const draft of drafts) {
    const path = cycle(draft.plan);
    if (path === undefined) continue;
    context.report(
      "call-cycle",
      draft.place,
      `calls that wait for each other: ${path.map((call) => call.name).join(" -> ")}`,
      "let one of them take its value from the request",
    );
    return;
  }
}

function cycle(start: CallPlan): CallPlan[] | undefined {
  const visit = (call: CallPlan, path: CallPlan[]): CallPlan[] | undefined => {
    for (const before of call.after) {
      if (before === start) return [...path, before];
      if (path.includes(before)) continue;
      const found = visit(before, [...path, before]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [start]);
}
