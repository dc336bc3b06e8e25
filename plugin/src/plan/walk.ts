import type { Conversion, JoinPlan, Translator } from "./types.js";

/** Visits a translator and all that are inside it, each once. */
export function eachTranslator(start: Translator, visit: (translator: Translator) => void): void {
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    visit(translator);
    for (const field of translator.fields) for (const inner of translatorsIn(field.conversion)) go(inner);
    for (const join of translator.joins) if (join.lookup.set !== undefined) go(join.lookup.set);
  };
  go(start);
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
export function neededJoins({ fields, joins }: Translator): ReadonlySet<JoinPlan> {
  const needed = new Set<JoinPlan>();
  const need = (join: JoinPlan): void => {
    needed.add(join);
    for (const before of join.after) need(before);
  };
  for (const { value } of fields) if (value.root.kind === "join") need(value.root.join);
  for (const join of joins) if (join.onMissing !== "empty") need(join);
  return needed;
}
