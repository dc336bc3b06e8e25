import { formulaTerms, formulaText, isConstant, keysText, mostCalls } from "../../plan/budget/budget-text.js";
import type { MethodPlan } from "../../plan/types.js";

/** The longest line of a comment with a formula. */
const WIDTH = 100;

/** The comment above a handler: its calls and joins as a tree, and how many upstream calls that makes. */
export function describeMethod({ service, desc, budget, maxCalls, resolver }: MethodPlan): string[] {
  const rows: Array<readonly [name: string, method: string, about: string]> = budget.steps.map((step) => {
    const { method } = step.what.kind === "call" ? step.what.call : step.what.join.lookup;
    return [`${"  ".repeat(step.depth)}${step.name}`, method.name, keysText(step)];
  });
  if (resolver !== undefined) {
    const calls = resolver.mayCall.map(({ name }) => name).join(", ");
    rows.push(["response", `resolver ${resolver.name}`, calls && `may call ${calls}`]);
  }
  const width = (column: 0 | 1) => Math.max(0, ...rows.map((row) => row[column].length));
  const tree = rows.map(([name, method, keys]) =>
    `  ${name.padEnd(width(0))}  ${method.padEnd(width(1))}  ${keys}`.trimEnd(),
  );
  const bound = mostCalls(budget, maxCalls);
  const most = isConstant(budget) || bound === undefined ? "" : `, at most ${bound}`;
  const text = `upstream calls: ${formulaText(budget)}${most}`;
  const [first, ...others] = formulaTerms(budget);
  const sum =
    text.length <= WIDTH
      ? [text]
      : [`upstream calls${most}: ${first}`, ...others.map((term) => `  + ${term}`)];
  return [`${service.typeName}/${desc.name}`, "", ...tree, "", ...sum];
}
