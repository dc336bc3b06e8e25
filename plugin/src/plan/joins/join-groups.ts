import type { CallPlan, JoinPlan, Translator } from "../types.js";

/** Joins whose keys are gathered in one walk, once the joins `after` have answered. */
export interface JoinGroup {
  readonly joins: readonly JoinPlan[];
  readonly after: readonly JoinPlan[];
}

/**
 * The joins of a walk, grouped by what they wait for: other groups, and calls. Those of a group are gathered in one walk,
 * and those of them that fetch the same way share their calls.
 */
export function groupsOf(
  joins: readonly JoinPlan[],
  /** The calls that a join waits for; default: none. */
  callsOf: (join: JoinPlan) => readonly CallPlan[] = () => [],
  /** The joins that wait for nothing that they do not read; default: none. */
  prompt: ReadonlySet<JoinPlan> = new Set(),
): readonly JoinGroup[] {
  const groups: Array<{ joins: JoinPlan[]; after: JoinPlan[]; key: string }> = [];
  for (const join of inOrder(joins)) {
    // What decides in another place whether there are rows is not there in this one.
    const after = join.after.filter((other) => joins.includes(other));
    const before = new Set(after.map((other) => groups.findIndex((group) => group.joins.includes(other))));
    // Those that ask the same method wait for each other's calls, so as to share their own.
    const alike = prompt.has(join)
      ? [join]
      : joins.filter((other) => other.after.length === join.after.length && asksLike(join, other));
    const calls = new Set(alike.flatMap(callsOf).map((call) => call.name));
    const key = `${[...before].sort((a, b) => a - b).join()} ${[...calls].sort().join()}`;
    const same = groups.find((group) => group.key === key);
    if (same === undefined) groups.push({ joins: [join], after: [...after], key });
    else {
      same.joins.push(join);
      for (const other of after) if (!same.after.includes(other)) same.after.push(other);
    }
  }
  return groups;
}

/**
 * Of a method that writes, the joins that its conditions read, and those before them: what is written waits for them, so
 * that they must not wait for it in order to share calls.
 */
export function joinsOfConditions(
  { ensured }: Translator,
  calls: readonly CallPlan[],
): ReadonlySet<JoinPlan> {
  const found = new Set<JoinPlan>();
  if (calls.every(({ effect }) => effect === "READ")) return found;
  const visit = (join: JoinPlan): void => {
    found.add(join);
    for (const before of join.after) visit(before);
  };
  for (const join of ensured ?? []) visit(join);
  return found;
}

/** Each after those that it waits for; otherwise as they come. */
function inOrder(joins: readonly JoinPlan[]): readonly JoinPlan[] {
  const order = new Set<JoinPlan>();
  const visit = (join: JoinPlan): void => {
    if (order.has(join) || !joins.includes(join)) return;
    for (const before of join.after) visit(before);
    order.add(join);
  };
  for (const join of joins) visit(join);
  return [...order];
}

function asksLike({ lookup: a }: JoinPlan, { lookup: b }: JoinPlan): boolean {
  return a.method.service === b.method.service && a.method.name === b.method.name;
}
