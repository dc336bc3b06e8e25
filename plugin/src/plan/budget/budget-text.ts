import { isFixed } from "./budget.js";
import type { Budget, BudgetStep, BudgetTerm } from "./types.js";

/** "ceil(|orders.user_id| / 500)" and the like: one term of the sum. */
export function termText({ count }: BudgetTerm): string {
  if (count.kind === "resolver") return `calls of ${count.name}`;
  const pages = count.pages === 1 ? "" : `up to ${count.pages}`;
  if (count.kind === "once") return pages || "1";
  const keys = `|${count.keys.join(", ")}|`;
  const calls = count.perCall === 1 ? keys : `ceil(${keys} / ${count.perCall})`;
  const all = pages === "" ? calls : `${pages} * ${calls}`;
  return count.groupedBy.length === 0 ? all : `${all} for each |${count.groupedBy.join(", ")}|`;
}

/** The terms of the sum: first, as one number, what is the same for all requests. */
export function formulaTerms({ terms, constant }: Budget): string[] {
  const others = terms.filter((term) => !isFixed(term)).map(termText);
  return constant === 0 && others.length > 0 ? others : [String(constant), ...others];
}

/** The number of upstream calls: "1 + ceil(|orders.user_id| / 500)". */
export function formulaText(budget: Budget): string {
  return formulaTerms(budget).join(" + ");
}

/** The most calls that a request can make; undefined where only the runtime's `Limits.maxCalls` bounds them. */
export function mostCalls({ most, resolvers }: Budget, maxCalls: number | undefined): number | undefined {
  return resolvers.length === 0 ? most : maxCalls;
}

/** Whether the number of calls is the same for all requests. */
export function isConstant({ terms }: Budget): boolean {
  return terms.every(isFixed);
}

/** What a step asks by, for a tree of calls: "ids <- user_id". */
export function keysText({ what }: BudgetStep): string {
  if (what.kind === "call") return "";
  const { join } = what;
  const names = (path: ReadonlyArray<{ readonly name: string }>) => path.map((field) => field.name).join(".");
  const keys = join.key.map(({ root, path }) => {
    if (root.kind === "source") return names(path);
    if (root.kind === "expression") return root.expression.text;
    const from = root.kind === "join" ? root.join.name : root.kind === "call" ? root.call.name : root.kind;
    return `${from}.${names(path)}`;
  });
  if (join.lookup.resolver !== undefined) return keys.length === 0 ? "" : `reads ${keys.join(", ")}`;
  const asked = join.lookup.ask.map((path, part) => `${names(path)} <- ${keys[part]}`);
  return asked.join(", ") || `matched by ${keys.join(", ")}`;
}
