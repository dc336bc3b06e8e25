import type { Context } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { FieldPlan, JoinPlan, Translator } from "../types.js";
import { neededJoins, readsOfField, translatorsIn } from "../walk.js";

/**
 * Lets the joins inside a field wait for those that decide whether, or which of, its messages are written: what its
 * condition and its expression read, and what feeds the members of a oneof before it. The walk that gathers their keys
 * then decides as the one that writes. Reports where they would wait for themselves.
 */
export function orderJoins(context: Context, translators: Translators): void {
  for (const { translator } of translators.all) {
    if (translator.direction === "request") continue;
    for (const field of translator.fields) {
      if (field.value.root.kind === "join") continue;
      const inside = joinsInside(field);
      if (inside.length === 0) continue;
      const deciding = [field, ...membersBefore(translator, field)];
      const reads = deciding.flatMap(readsOfField).map(({ root }) => root);
      for (const root of reads) {
        if (root.kind !== "join") continue;
        for (const join of inside) {
          if (waitsFor(root.join, join)) {
            report(context, field, `messages in which "${join.name}" would wait for itself`);
            return;
          }
          if (!join.after.includes(root.join)) join.after.push(root.join);
        }
      }
    }
  }
}

function report(context: Context, field: FieldPlan, what: string): void {
  context.report(
    "not-supported-yet",
    { element: field.target[0]!.desc! },
    `${what} are not supported yet`,
    "map a message without joins here, or mark the field `unset`",
  );
}

/** The joins in the messages that a field is made of, without those on rows that joins have found. */
function joinsInside(field: FieldPlan): JoinPlan[] {
  const joins: JoinPlan[] = [];
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    const needed = neededJoins(translator);
    joins.push(...translator.joins.filter((join) => needed.has(join)));
    for (const { value, conversion } of translator.fields)
      if (value.root.kind !== "join") for (const inner of translatorsIn(conversion)) go(inner);
  };
  for (const translator of translatorsIn(field.conversion)) go(translator);
  return joins;
}

/** The members of the field's oneof that are written in its place where they are there. */
function membersBefore(owner: Translator, field: FieldPlan): FieldPlan[] {
  const { oneof } = field.target[0]!;
  if (oneof === undefined) return [];
  const before = owner.fields.slice(0, owner.fields.indexOf(field));
  return before.filter((other) => other.target[0]!.oneof === oneof);
}

function waitsFor(join: JoinPlan, other: JoinPlan): boolean {
  return join === other || join.after.some((before) => waitsFor(before, other));
}
