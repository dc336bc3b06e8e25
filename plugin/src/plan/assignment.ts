import { type Path, parsePath, partOf } from "../expression/path.js";
import { splitAssignment } from "../expression/split.js";
import type { Field, Message } from "../source/model.js";
import { type Context, list, type Place } from "./context.js";
import { suggestion } from "./names.js";
import type { Value } from "./types.js";
import { resolveValue, type Scope } from "./values.js";

/** Reads "request.path = value". `target` undefined in the result of `quiet` means that this request has no such field. */
export function assignment(
  context: Context,
  text: string,
  target: Message,
  names: Scope,
  place: Place,
): { target: Field[]; value: Value } | undefined {
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
  const fields = followPath(target, path, (segment, message) => {
    context.report(
      "path-unknown",
      { ...place, part: segment },
      `${message.typeName} has no field "${segment.name}"`,
      suggestion(
        segment.name,
        message.fields.map((f) => f.name),
        `its fields: ${list(message.fields.map((f) => f.name))}`,
      ),
    );
  });
  if (fields === undefined) return undefined;
  const value = resolveValue(context, said.value, names, place);
  return value === undefined ? undefined : { target: fields, value };
}

/** Follows a path through singular messages; calls `unknown` where a name is not found. */
export function followPath(
  message: Message,
  path: Path,
  unknown?: (segment: Path[number], message: Message) => void,
): Field[] | undefined {
  const fields: Field[] = [];
  let at: Message | undefined = message;
  for (const segment of path) {
    const field: Field | undefined = at?.byName.get(segment.name);
    if (field === undefined) {
      unknown?.(segment, at ?? message);
      return undefined;
    }
    fields.push(field);
    at = field.cardinality === "singular" && field.type.kind === "message" ? field.type.message : undefined;
  }
  return fields;
}
