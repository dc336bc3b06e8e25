import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { optionSchemas } from "../source/annotations.js";
import type { Context, Place } from "./context.js";

/** The options that parse and are not run yet, by the message of the annotation that has them. */
const LATER: Readonly<Record<string, { readonly what: string; readonly options: readonly string[] }>> = {
  Call: { what: "a call", options: ["retry", "hedge", "cache"] },
  Join: {
    what: "a join",
    options: ["retry", "hedge", "cache"],
  },
  Load: { what: "a load", options: ["retry", "hedge", "cache"] },
};

/** Reports the options of an annotation that are not run yet; false if there are any. */
export function checkLater(context: Context, rule: Message, place: Place): boolean {
  const schema = schemas.get(rule.$typeName);
  const later = LATER[schema?.name ?? ""];
  let fine = true;
  for (const field of schema?.fields ?? []) {
    if (!later?.options.includes(field.name) || !isFieldSet(rule, field)) continue;
    fine = false;
    context.report(
      "not-supported-yet",
      { ...place, path: [...(place.path ?? []), field.name, ...(field.fieldKind === "list" ? [0] : [])] },
      `\`${field.name}\` of ${later.what} is not supported yet`,
      "remove it",
    );
  }
  return fine;
}

const schemas = new Map<string, DescMessage>();
const note = (schema: DescMessage): void => {
  if (schemas.has(schema.typeName)) return;
  schemas.set(schema.typeName, schema);
  for (const field of schema.fields) if (field.message !== undefined) note(field.message);
};
for (const schema of Object.values(optionSchemas)) note(schema);
