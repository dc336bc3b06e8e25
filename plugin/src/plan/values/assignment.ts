import { type Path, parsePath, partOf } from "../../expression/path.js";
import { splitAssignment } from "../../expression/split.js";
import type { Field, Message } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { Value } from "../types.js";
import type { Scope } from "./scope.js";
import { descend, resolveValue } from "./values.js";

/** What "request.path = value" says, and where its two parts stand. */
export interface Assignment {
  readonly target: Field[];
  readonly value: Value;
  readonly targetPlace: Place;
  readonly valuePlace: Place;
}

/** Reads "request.path = value"; reports what is wrong. */
export function assignment(
  context: Context,
  text: string,
  target: Message,
  names: Scope,
  place: Place,
): Assignment | undefined {
  const said = splitAssignment(text);
  if (said === undefined) {
    context.report(
      "syntax",
      place,
      `"${text}" is not of the form "request.path = value"`,
      'write it as "tenant_id = auth.claims.tenant"',
    );
    return undefined;
  }
  const path = parsePath(said.target);
  if (path === undefined) {
    context.report(
      "syntax",
      { ...place, part: partOf(said.target) },
      `"${said.target.value.trim()}" is not a path`,
      "write the path of a field of the request",
    );
    return undefined;
  }
  const fields = requestTarget(context, target, path, place);
  const value = resolveValue(context, said.value, names, place);
  if (fields === undefined || value === undefined) return undefined;
  return {
    target: fields,
    value,
    targetPlace: { ...place, part: partOf(said.target) },
    valuePlace: { ...place, part: partOf(said.value) },
  };
}

/** Finds the field of a request that a path names; reports what is wrong. */
export function requestTarget(
  context: Context,
  message: Message,
  path: Path,
  place: Place,
): Field[] | undefined {
  const root: Value = { root: { kind: "request", message }, path: [] };
  const found = descend(context, root, message, path, { exposes: false }, place);
  return found === undefined ? undefined : [...found.path];
}

/** Follows a path through singular messages; undefined where it leads nowhere. */
export function followPath(message: Message, path: Path): Field[] | undefined {
  const fields: Field[] = [];
  let at: Message | undefined = message;
  for (const segment of path) {
    const field: Field | undefined = at?.byName.get(segment.name);
    if (field === undefined) return undefined;
    fields.push(field);
    at = field.cardinality === "singular" && field.type.kind === "message" ? field.type.message : undefined;
  }
  return fields;
}
