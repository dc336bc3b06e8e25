import type { Context } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { FieldPlan, JoinPlan, Translator } from "../types.js";
import {
  eachTranslator,
  hasOwnWalk,
  neededJoins,
  readsOfField,
  readsOfJoin,
  translatorsIn,
} from "../walk.js";
import { finishedFor, readsOfThis } from "./finished.js";

/**
 * Lets the joins inside a field wait for those that decide whether, or which of, its messages are written: what its
 * condition and its expression read, also by `this`, and what feeds the members of a oneof before it. The walk that
 * gathers their keys then decides as the one that writes. Reports where they would wait for themselves.
 */
export function orderJoins(context: Context, translators: Translators): void {
  const responses = translators.all.flatMap(({ translator }) =>
    translator.direction === "response" ? [translator] : [],
  );
  for (const translator of responses)
    for (const field of translator.fields) if (dependsOnMessage(field)) field.inWalk = true;
  for (const translator of responses) {
    for (const field of translator.fields) {
      if (hasOwnWalk(field)) continue;
      const inside = joinsInside([field]);
      // Who reads all of `this` has a finding of their own.
      if (inside.length === 0 || decidingOf(translator, field).flatMap(readsOfThis).includes("")) continue;
      const before = joinsBefore(translator, field);
      for (const other of before) {
        for (const join of inside) {
          if (waitsFor(other, join)) {
            report(context, field, join.name);
            return;
          }
          if (!join.after.includes(other)) join.after.push(other);
        }
      }
    }
  }
}

/** A field, and what is looked at to know whether it is written. */
export function decidingOf(translator: Translator, field: FieldPlan): FieldPlan[] {
  const deciding = [field, ...membersBefore(translator, field)];
  return [...deciding, ...(finishedFor(translator, deciding)?.fields ?? [])];
}

/** The joins that have to be there to know which messages a field writes. */
function joinsBefore(translator: Translator, field: FieldPlan): JoinPlan[] {
  const deciding = [field, ...membersBefore(translator, field)];
  const finished = finishedFor(translator, deciding);
  const roots = [...deciding, ...(finished?.fields ?? [])].flatMap(readsOfField).map(({ root }) => root);
  const read = roots.flatMap((root) => (root.kind === "join" ? [root.join] : []));
  return [...new Set([...read, ...joinsInside(finished?.fields ?? [])])];
}

/** Whether of found rows with joins inside it says the message around them which are written, or what their keys are. */
function dependsOnMessage(field: FieldPlan): boolean {
  const { value, selection, when } = field;
  if (value.root.kind !== "join" || !hasJoins(field)) return false;
  const { join } = value.root;
  const isInsideRow = value.path.length > join.result.path.length;
  if (selection !== undefined && isInsideRow) return true;
  const conditions = [selection, when].flatMap((expression) => expression?.reads ?? []);
  const isForeign = ({ root }: (typeof conditions)[number]) =>
    root.kind === "this" || (root.kind === "join" && root.join !== join);
  return conditions.some(isForeign) || readsParent(field);
}

/** Whether there are rows to gather in what a field is made from. */
export function hasJoins(field: FieldPlan): boolean {
  return translatorsInside(field).some(({ joins }) => joins.length > 0);
}

function translatorsInside(field: FieldPlan): Translator[] {
  const all: Translator[] = [];
  for (const inner of translatorsIn(field.conversion)) eachTranslator(inner, (one) => all.push(one));
  return all;
}

/** Whether keys inside a field are read from the message around it. */
function readsParent(field: FieldPlan): boolean {
  return translatorsIn(field.conversion).some((inner) =>
    [
      ...inner.joins.flatMap(readsOfJoin),
      // Of a oneof, the walk for keys looks at all members.
      ...inner.fields
        .filter((one) => hasJoins(one) || one.target[0]!.oneof !== undefined)
        .flatMap((one) => [one, ...(finishedFor(inner, [one])?.fields ?? [])])
        .flatMap(readsOfField),
    ].some(({ root }) => root.kind === "parent"),
  );
}

function report(context: Context, field: FieldPlan, name: string): void {
  context.report(
    "join-cycle",
    { element: field.target[0]!.desc! },
    `whether there are rows of "${name}" here is known only by what "${name}" finds`,
    "map a message without the join here, or mark the field `unset`",
  );
}

/** The joins in the messages that fields are made of, without those on rows that are walked by themselves. */
function joinsInside(fields: readonly FieldPlan[]): JoinPlan[] {
  const joins: JoinPlan[] = [];
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    const needed = neededJoins(translator);
    joins.push(...translator.joins.filter((join) => needed.has(join)));
    inside(translator.fields);
  };
  const inside = (some: readonly FieldPlan[]): void => {
    for (const field of some)
      if (!hasOwnWalk(field)) for (const inner of translatorsIn(field.conversion)) go(inner);
  };
  inside(fields);
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
