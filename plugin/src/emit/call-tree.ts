import type { JoinPlan, MethodPlan, Translator } from "../plan/types.js";
import { translatorsIn } from "../plan/walk.js";
import { fieldsOf, groupsOf, walkJoins } from "./analysis.js";

/** The comment above a handler: its calls and joins as a tree, and how many upstream calls that makes. */
export function describeMethod(plan: MethodPlan): string[] {
  const rows: Array<readonly [name: string, method: string, keys: string]> = plan.calls.map((call) => [
    call.name,
    call.method.name,
    "",
  ]);
  // Joins with the same method and arguments that are as deep are fetched together: one term of the sum. See RowsEmitter.
  const asked = new Map<string, JoinPlan[]>();
  const withSet = new Map<JoinPlan, number>();
  const visit = (starts: readonly Translator[], indent: string, depth: number, top?: number): void => {
    const groups = groupsOf(walkJoins(starts));
    const depths = new Map<JoinPlan, number>();
    for (const { joins, after } of groups) {
      const here = 1 + Math.max(depth, ...after.map((join) => depths.get(join)!));
      for (const join of joins) depths.set(join, here);
    }
    // At the top each group is fetched by itself.
    const topOf = (join: JoinPlan) => top ?? groups.findIndex(({ joins }) => joins.includes(join));
    for (const join of walkJoins(starts)) {
      // Whether two that are `set` get the same is not looked at.
      if (join.lookup.set !== undefined) withSet.set(join, withSet.get(join) ?? withSet.size);
      const how = withSet.get(join) ?? lookupText(join);
      const key = `${topOf(join)} ${depths.get(join)} ${how}`;
      const same = asked.get(key);
      if (same === undefined) asked.set(key, [join]);
      else same.push(join);
    }
    for (const join of walkJoins(starts)) {
      rows.push([`${indent}${join.name}`, join.lookup.method.name, keysOf(join)]);
      visit(insideOf(starts, join), `${indent}  `, depths.get(join)!, topOf(join));
    }
  };
  visit([plan.translator], "", 0);
  const width = (column: 0 | 1) => Math.max(0, ...rows.map((row) => row[column].length));
  const tree = rows.map(([name, method, keys]) =>
    `  ${name.padEnd(width(0))}  ${method.padEnd(width(1))}  ${keys}`.trimEnd(),
  );
  return [
    `${plan.service.typeName}/${plan.desc.name}`,
    "",
    ...tree,
    "",
    ...sum(plan.calls.length, [...asked.values()]),
  ];
}

/** What is written from the rows of a join. */
function insideOf(starts: readonly Translator[], join: JoinPlan): Translator[] {
  const seen = new Set<Translator>();
  const inside = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    if (translator.joins.includes(join))
      for (const field of fieldsOf(translator, join))
        for (const t of translatorsIn(field.conversion)) inside.add(t);
    for (const field of translator.fields)
      if (field.value.root.kind !== "join") for (const t of translatorsIn(field.conversion)) go(t);
  };
  for (const start of starts) go(start);
  return [...inside];
}

function lookupText({ lookup }: JoinPlan): string {
  const text = (path: ReadonlyArray<{ readonly name: string }>) => path.map((field) => field.name).join(".");
  const { method, batchSize, maxKeys, maxRows, pages } = lookup;
  const paths = [...lookup.ask.map(text), text(lookup.row), ...(lookup.match ?? []).map(text)];
  return [
    method.service,
    method.name,
    batchSize,
    maxKeys,
    maxRows,
    pages?.max,
    lookup.timeoutMs,
    ...paths,
  ].join();
}

function keyNames(join: JoinPlan): string[] {
  return join.key.map((value) => value.path.map((field) => field.name).join("."));
}

function keysOf(join: JoinPlan): string {
  const keys = keyNames(join);
  const asked = join.lookup.ask.map((path) => path.map((field) => field.name).join("."));
  return asked.map((name, i) => `${name} <- ${keys[i]}`).join(", ") || `matched by ${keys.join(", ")}`;
}

/** The number of upstream calls, as a formula: on lines of their own where it is long. */
function sum(calls: number, asked: readonly JoinPlan[][]): string[] {
  const terms = asked.map((joins) => {
    const { mode, batchSize, pages } = joins[0]!.lookup;
    const keys = [...new Set(joins.flatMap(keyNames))].join(", ");
    const times = pages === undefined ? "" : `up to ${pages.max} * `;
    if (mode === "all") return `${times}1`;
    return `${times}${mode === "each" ? `distinct ${keys}` : `ceil(distinct ${keys} / ${batchSize})`}`;
  });
  const text = `upstream calls: ${[String(calls), ...terms].join(" + ")}`;
  return text.length <= 100 ? [text] : [`upstream calls: ${calls}`, ...terms.map((term) => `  + ${term}`)];
}
