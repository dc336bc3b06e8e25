import type { Conversion, FieldPlan, Translator, Value } from "../../plugin/src/plan/types.js";

/** All that a field reads, also in expressions. */
export function readsOf({ value, selection, when }: FieldPlan): Value[] {
  const own = value.root.kind === "expression" ? value.root.expression.reads : [value];
  return [...own, ...(selection?.reads ?? []), ...(when?.reads ?? [])];
}

/** The translators that a conversion uses. */
export function translatorsOf(conversion: Conversion): readonly Translator[] {
  if (conversion.kind === "map") return translatorsOf(conversion.value);
  if (conversion.kind === "any") return conversion.types;
  return conversion.kind === "message" ? [conversion.translator] : [];
}

/** A translator and all that are in it. */
export function within(start: Translator, found = new Set<Translator>()): Set<Translator> {
  if (!found.has(start)) {
    found.add(start);
    for (const { conversion } of start.fields)
      for (const inner of translatorsOf(conversion)) within(inner, found);
  }
  return found;
}
