import type { CallPlan, FieldPlan, JoinPlan, Translator } from "../../plugin/src/plan/types.js";
import { readsOf, translatorsOf, within } from "./plans.js";
import { isWanted, type Wanted } from "./read-mask.js";
import type { Site } from "./sites.js";

/** It is known that something stays empty, but not which fields do. */
const SOME = "?";
/** The same where what the client wants of it is not known either. */
const PERHAPS = "*";

/** Those of the fields that stay empty which the client wants. */
export function degradedOf(paths: readonly string[], wanted: Wanted): string[] {
  if (wanted === undefined) return [...paths];
  return paths.flatMap((path) => {
    if (path === SOME) return PERHAPS;
    return isWanted(wanted, path.split(".")) ? path : [];
  });
}

/** The public fields that stay empty without the answer of a join. */
export function degradedByJoin(join: JoinPlan, owner: Translator, site: Site): string[] {
  const gone = new Set([join]);
  for (const other of owner.joins) if (other.after.some((before) => gone.has(before))) gone.add(other);
  const fields = owner.fields.filter((field) =>
    readsOf(field).some(({ root }) => root.kind === "join" && gone.has(root.join)),
  );
  const empty = withReaders(fields, owner);
  const places = site.places(owner);
  if (places === undefined) return [SOME];
  return places.flatMap((path) => empty.map((field) => [...path, nameOf(field)].join(".")));
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
  return isDeep ? [SOME] : withReaders(response.fields.filter(reads), response).map(nameOf);
}

/** The fields, and those that are made from what stays empty in the message itself. */
function withReaders(fields: readonly FieldPlan[], owner: Translator): readonly FieldPlan[] {
  const names = fields.map(({ target }) => target[0]!.name);
  const more = owner.fields.filter((field) =>
    readsOf(field).some(
      ({ root, path }) => root.kind === "this" && (path.length === 0 || names.includes(path[0]!.name)),
    ),
  );
  const all = [...new Set([...fields, ...more])];
  return all.length === fields.length ? fields : withReaders(all, owner);
}

function nameOf({ target }: FieldPlan): string {
  return target.map(({ name }) => name).join(".");
}
