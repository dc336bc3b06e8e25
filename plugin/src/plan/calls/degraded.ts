import type { Place } from "../budget/places.js";
import type { CallPlan, FieldPlan, JoinPlan, Translator, Value } from "../types.js";
import { neededJoins, readsOfField, readsOfJoin, translatorsIn } from "../walk.js";

/** What stands deeper than this in messages that contain themselves is named once. */
const MAX_VISITS = 8;

/** The fields of the public response that stay empty without an answer of a join: "orders.user_email". */
export function emptyWithoutJoin(join: JoinPlan, places: readonly Place[]): string[] {
  const paths = new Set<string>();
  for (const { owner, path } of places)
    for (const field of fieldsWithout(join, owner))
      paths.add(
        nameOf(
          path.map(({ name }) => name),
          field,
        ),
      );
  return [...paths].sort();
}

/** The fields of the public response that stay empty without an answer of a call. */
export function emptyWithoutCall(call: CallPlan, response: Translator): string[] {
  const paths = new Set<string>();
  // The response itself is made from it.
  if (call.unnamed && response.source !== undefined) {
    for (const field of response.fields) paths.add(nameOf([], field));
    return [...paths].sort();
  }
  const visits = new Map<Translator, number>();
  const visit = (translator: Translator, path: readonly string[]): void => {
    const times = visits.get(translator) ?? 0;
    if (times >= MAX_VISITS) return;
    visits.set(translator, times + 1);
    const empty = new Set(translator.fields.filter((field) => reads(readsOfField(field), call)));
    for (const join of neededJoins(translator)) {
      if (reads(readsOfJoin(join), call))
        for (const field of fieldsWithout(join, translator)) empty.add(field);
    }
    addReaders(empty, translator);
    for (const field of translator.fields) {
      if (empty.has(field)) paths.add(nameOf(path, field));
      else
        for (const inner of translatorsIn(field.conversion))
          visit(inner, [...path, ...field.target.map(({ name }) => name)]);
    }
  };
  visit(response, []);
  return [...paths].sort();
}

function reads(values: readonly Value[], call: CallPlan): boolean {
  return values.some(({ root }) => root.kind === "call" && root.call === call);
}

/** The fields that a join feeds, itself, through joins whose keys it gives, or through fields that others read. */
function fieldsWithout(join: JoinPlan, owner: Translator): FieldPlan[] {
  const gone = new Set([join]);
  // In the order in which they are said, each comes after those that it reads.
  for (const other of owner.joins) if (other.after.some((before) => gone.has(before))) gone.add(other);
  const empty = new Set(
    owner.fields.filter((field) =>
      readsOfField(field).some(({ root }) => root.kind === "join" && gone.has(root.join)),
    ),
  );
  addReaders(empty, owner);
  return [...empty];
}

/** Adds the fields that read, by `this`, one that stays empty. */
function addReaders(empty: Set<FieldPlan>, { fields }: Translator): void {
  for (const read of empty) {
    const { name } = read.target[0]!;
    for (const field of fields)
      if (
        readsOfField(field).some(
          ({ root, path }) => root.kind === "this" && (path.length === 0 || path[0]!.name === name),
        )
      )
        empty.add(field);
  }
}

function nameOf(path: readonly string[], { target }: FieldPlan): string {
  return [...path, ...target.map(({ name }) => name)].join(".");
}
