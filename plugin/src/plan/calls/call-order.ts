import type { Call } from "../../source/annotations.js";
import type { Context, Place } from "../context.js";
import type { CallPlan, Translator, Value } from "../types.js";

/** A call that is being planned: what it waits for is not known yet. */
export interface Draft {
  readonly plan: CallPlan & { result: Value; nextRequest: Translator | undefined };
  readonly call: Call | undefined;
  readonly place: Place;
  readonly after: Set<CallPlan>;
}

/**
 * Reads run side by side; writes wait for all before them, and all after them wait for them. A call that streams counts
 * as the last one, wherever it is written: the others are made once, before it. Reports calls that wait for each other.
 */
export function orderCalls(
  context: Context,
  written: readonly Draft[],
  { name, nonAtomic }: { readonly name: string; readonly nonAtomic: boolean },
): "fine" | "circular" {
  const streams = ({ plan }: Draft) => plan.method.kind !== "unary";
  const drafts = [...written.filter((draft) => !streams(draft)), ...written.filter(streams)];
  const writes = drafts.filter(({ plan }) => plan.effect !== "READ");
  let lastWrite: Draft | undefined;
  drafts.forEach((draft, index) => {
    if (lastWrite !== undefined) draft.after.add(lastWrite.plan);
    if (draft.plan.effect === "READ") return;
    for (const before of drafts.slice(0, index)) draft.after.add(before.plan);
    if (draft === writes[1] && !nonAtomic) {
      context.report(
        "write-atomic",
        draft.place,
        writes.length === 2
          ? `${name} makes two writes: when the second fails, the first is not taken back`
          : `${name} makes ${writes.length} writes: when a later one fails, those before it are not taken back`,
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
    return "circular";
  }
  return "fine";
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
