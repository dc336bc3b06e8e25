import type { CallPlan, FieldPlan, JoinPlan, Translator } from "../../plugin/src/plan/types.js";
import { readsOf, translatorsOf, within } from "./plans.js";
import type { Site } from "./sites.js";

/** It is known that something stays empty, but not which fields do. */
const SOME = "?";

/** The public fields that stay empty without the answer of a join. */
export function degradedByJoin(join: JoinPlan, owner: Translator, site: Site): string[] {
  const gone = new Set([join]);
  for (const other of owner.joins) if (other.after.some((before) => gone.has(before))) gone.add(other);
  const fields = owner.fields.filter((field) =>
    readsOf(field).some(({ root }) => root.kind === "join" && gone.has(root.join)),
  );
  const places = site.places(owner);
  if (places === undefined) return [SOME];
  return places.flatMap((path) => fields.map((field) => [...path, nameOf(field)].join(".")));
}

/** The public fields that stay empty without the answer of a call. */
export function degradedBy(call: CallPlan, response: Translator): string[] {
  if (call.unnamed && response.source !== undefined) return response.fields.map(nameOf);
  const reads = (field: FieldPlan) =>
    readsOf(field).some(({ root }) => root.kind === "call" && root.call === call);
  const isDeep = response.fields.some((field) =>
    translatorsOf(field.conversion).some((inner) =>
      [...within(inner)].some(({ fields }) => fields.some(reads)),
    ),
  );
  return isDeep ? [SOME] : response.fields.filter(reads).map(nameOf);
}

function nameOf({ target }: FieldPlan): string {
  return target.map(({ name }) => name).join(".");
}
