import type { Conversion, FieldPlan, JoinPlan, Translator, Value } from "./types.js";

/** Visits a translator and all that are inside it, each once. */
export function eachTranslator(start: Translator, visit: (translator: Translator) => void): void {
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    visit(translator);
    for (const field of translator.fields) for (const inner of translatorsIn(field.conversion)) go(inner);
    for (const join of translator.joins) setsOf(join).forEach(go);
  };
  go(start);
}

/** What is `set` in the requests of a join, or of what the function calls that makes its rows. */
export function setsOf({ lookup: { set, resolver } }: JoinPlan): readonly Translator[] {
  const called = resolver?.sets.map(({ request }) => request) ?? [];
  return set === undefined ? called : [set, ...called];
}

/** What a value is made of: itself, or all that its expression reads. */
export function valuesIn(value: Value): readonly Value[] {
  return value.root.kind === "expression" ? value.root.expression.reads : [value];
}

/** All that a field reads. */
export function readsOfField({ value, selection, when, allow }: FieldPlan): readonly Value[] {
  return [
    ...valuesIn(value),
    ...(selection?.reads ?? []),
    ...(when?.reads ?? []),
    ...(allow?.when?.reads ?? []),
  ];
}

/** Whether a field is made from found rows that are walked by themselves, for the keys in them. */
export function hasOwnWalk({ value, inWalk }: FieldPlan): boolean {
  return value.root.kind === "join" && inWalk !== true;
}

/** All that a join reads in its row. */
export function readsOfJoin({ key, when }: JoinPlan): readonly Value[] {
  return [...key.flatMap(valuesIn), ...(when?.reads ?? [])];
}

/** The translators that a conversion uses. */
export function translatorsIn(conversion: Conversion): readonly Translator[] {
  switch (conversion.kind) {
    case "message":
      return [conversion.translator];
    case "map":
      return translatorsIn(conversion.value);
    case "any":
      return conversion.types;
    default:
      return [];
  }
}

/** The joins of a translator that have to run: those that fields use, that drop or fail, or that others' keys read. */
export function neededJoins({ fields, joins, ensured }: Translator): ReadonlySet<JoinPlan> {
  const needed = new Set<JoinPlan>();
  const need = (join: JoinPlan): void => {
    needed.add(join);
    for (const before of join.after) need(before);
  };
  for (const field of fields)
    for (const { root } of readsOfField(field)) if (root.kind === "join") need(root.join);
  for (const join of ensured ?? []) need(join);
  for (const join of joins) if (join.onMissing !== "empty") need(join);
  return needed;
}
