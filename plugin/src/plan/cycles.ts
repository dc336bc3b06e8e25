import { messageRule } from "../source/annotations.js";
import type { Context, Place } from "./context.js";
import type { Translators } from "./translators.js";
import type { JoinPlan, Translator } from "./types.js";
import { translatorsIn } from "./walk.js";

/** Reports joins whose rows lead back to the message that they stand on: each round would ask again. */
export function checkJoinCycles(context: Context, translators: Translators): void {
  for (const { translator } of translators.all) {
    for (const join of translator.joins) {
      const path = back(translator, join);
      if (path === undefined) continue;
      context.report(
        "join-cycle",
        placeOf(join),
        `the join "${join.name}" reaches its own message again: ${path.map((t) => t.target.typeName).join(" -> ")}`,
        "map a message without the join at one of these places, or mark the field `unset` there",
      );
    }
  }
}

function placeOf(join: JoinPlan): Place {
  const element = join.owner.desc!;
  const index = messageRule(element)?.join.findIndex((said) => said.name === join.name) ?? -1;
  if (index >= 0) return { element, path: ["join", index] };
  const field = join.owner.byName.get(join.name);
  return field?.desc === undefined ? { element } : { element: field.desc, path: ["key"] };
}

/** The way from a join's rows back to the translator that has it. */
function back(start: Translator, join: JoinPlan): Translator[] | undefined {
  const seen = new Set<Translator>();
  const visit = (translator: Translator, path: Translator[]): Translator[] | undefined => {
    if (translator === start) return [...path, translator];
    if (seen.has(translator)) return undefined;
    seen.add(translator);
    for (const field of translator.fields) {
      for (const inner of translatorsIn(field.conversion)) {
        const found = visit(inner, [...path, translator]);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  for (const field of start.fields) {
    if (field.value.root.kind !== "join" || field.value.root.join !== join) continue;
    for (const inner of translatorsIn(field.conversion)) {
      const found = visit(inner, [start]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
