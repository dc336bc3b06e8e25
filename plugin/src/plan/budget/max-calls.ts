import { answersStream } from "../calls/stream-kind.js";
import type { Context } from "../context.js";
import type { RuleId } from "../rules.js";
import type { MethodPlan } from "../types.js";
import { isFixed } from "./budget.js";
import { formulaText, isConstant } from "./budget-text.js";
import type { Budget } from "./types.js";

/** What has no end, or nearly none, is not counted. */
const ENDLESS: readonly string[] = ["join-cycle", "field-cycle", "join-depth"] satisfies RuleId[];

/**
 * Reports methods that make more upstream calls than they may, whatever the data. What depends on the data is counted
 * request by request.
 */
export function checkMaxCalls(context: Context, methods: readonly MethodPlan[]): void {
  if (context.findings.some(({ id }) => ENDLESS.includes(id))) return;
  for (const { desc, kind, maxCalls, budget } of methods) {
    if (maxCalls === undefined) continue;
    // The calls of a stream are made once, before its messages, each of which may cost as many again.
    const constant = answersStream(kind)
      ? Math.max(sum(budget, "call"), sum(budget, "join"))
      : budget.constant;
    if (constant <= maxCalls) continue;
    context.report(
      "max-calls",
      { element: desc, path: ["max_calls"] },
      `${desc.name} makes ${formulaText(budget)} upstream calls, and ${maxCalls} ${maxCalls === 1 ? "is" : "are"} allowed`,
      isConstant(budget)
        ? `say \`max_calls: ${constant}\`, or make fewer calls`
        : `allow ${constant}, and those that depend on the data; or make fewer calls`,
    );
  }
}

function sum({ terms }: Budget, kind: "call" | "join"): number {
  const fixed = terms.filter((term) => isFixed(term) && term.steps[0]!.what.kind === kind);
  return fixed.reduce((total, { most }) => total + most, 0);
}
