import { type Path, parsePath, partOf, type Text } from "../../expression/path.js";
import { describeType, type Field, type Message } from "../../source/model.js";
import { type Context, isMarkedInternal, list, type Place } from "../context.js";
import { suggestion } from "../names.js";
import type { Value } from "../types.js";
import { resolveExpression } from "./expressions.js";
import { absentFix, COMPUTED_ROOTS, messageOfValue, namesIn, reportMarked, type Scope } from "./scope.js";

/** What became of an expression: a value, or nothing (a finding was reported, here or where a name was made). */
export type Resolved = Value | undefined;

/** Resolves an expression: a plain path, or other CEL. */
export function resolveValue(context: Context, text: Text, scope: Scope, place: Place): Resolved {
  if (text.value.trim() === "") {
    plainPath(context, text, place);
    return undefined;
  }
  const path = parsePath(text);
  if (path !== undefined && isPlain(path, scope)) return resolvePath(context, path, scope, place);
  const expression = resolveExpression(context, text, scope, place);
  return expression === undefined ? undefined : { root: { kind: "expression", expression }, path: [] };
}

/** Whether a path stands for a value as it is on the wire; what it leads to else is computed. */
function isPlain([head, second]: Path, scope: Scope): boolean {
  const { name } = head!;
  if (LITERALS.includes(name)) return false;
  const hasField = typeof scope.source === "object" && scope.source.byName.has(name);
  if (name === "auth") return second === undefined || !["roles", "scopes"].includes(second.name);
  if (COMPUTED_ROOTS.includes(name)) {
    const isThere =
      (name !== "parent" || scope.parent !== undefined) && (name !== "this" || scope.target !== undefined);
    // By itself, or where there is no such root, it is a field of that name.
    return hasField && (second === undefined || !isThere);
  }
  const meant = scope.lets?.get(name)?.();
  return meant === undefined || meant === "broken" || meant.root.kind !== "expression";
}

const LITERALS = ["true", "false", "null"];

/** Reads a plain path; reports what is none. */
export function plainPath(context: Context, text: Text, place: Place): Path | undefined {
  const path = parsePath(text);
  if (path !== undefined) return path;
  const part = partOf(text);
  if (text.value.trim() === "") {
    context.report(
      "syntax",
      { ...place, part: { start: part.start, end: part.start } },
      "an empty expression",
      'write a path, such as "user.email"',
    );
  } else if (/^[\w.\s-]*$/.test(text.value) && !/^\s*[\d.-]/.test(text.value)) {
    context.report(
      "syntax",
      { ...place, part },
      `"${text.value.trim()}" is not a path`,
      'write names with a dot between them, such as "user.email"',
    );
  } else {
    context.report(
      "syntax",
      { ...place, part },
      `"${text.value.trim()}" is more than a path`,
      'write names with a dot between them, such as "user.email"',
    );
  }
  return undefined;
}

/** Resolves a path against the names in scope; reports what is not found. */
export function resolvePath(context: Context, path: Path, scope: Scope, place: Place): Resolved {
  const [head, ...rest] = path;
  const { name } = head!;
  const at = { ...place, part: head! };
  // Made by an annotation that has its own finding.
  if (scope.calls.get(name) === "broken" || scope.joins.get(name) === "broken") return undefined;
  if (name === "request" && scope.request !== undefined) {
    return descend(
      context,
      { root: { kind: "request", message: scope.request }, path: [] },
      scope.request,
      rest,
      scope,
      place,
    );
  }
  if (name === "auth") return resolveAuth(context, head!, rest, place);
  if (name === "source") {
    if (scope.source === "broken") return undefined;
    if (scope.source !== undefined) {
      return descend(
        context,
        { root: { kind: "source", message: scope.source }, path: [] },
        scope.source,
        rest,
        scope,
        place,
      );
    }
  }
  const call = scope.calls.get(name);
  if (call !== undefined && call !== "broken") return continueFrom(context, call.result, rest, scope, place);
  const join = scope.joins.get(name);
  if (join !== undefined && join !== "broken") return continueFrom(context, join.result, rest, scope, place);
  const meant = scope.lets?.get(name)?.();
  if (meant === "broken") return undefined;
  if (meant !== undefined) {
    const marked = scope.exposes ? meant.path.find(isMarkedInternal) : undefined;
    if (marked === undefined) return continueFrom(context, meant, rest, scope, place);
    reportMarked(context, marked, at);
    return undefined;
  }
  if (scope.source === "broken" || scope.incomplete) {
    const source = scope.source === "broken" ? undefined : scope.source;
    if (!source?.byName.has(name)) return undefined;
  }
  if (typeof scope.source === "object" && scope.source.byName.has(name)) {
    return descend(
      context,
      { root: { kind: "source", message: scope.source }, path: [] },
      scope.source,
      path,
      scope,
      place,
    );
  }
  if (name === scope.self) {
    context.report(
      "name-unknown",
      at,
      `the call "${name}" cannot read its own result`,
      "take the value from the request, or from another call",
    );
    return undefined;
  }
  const absent = absentFix(scope, name);
  const names = namesOf(scope);
  const where = typeof scope.source === "object" ? ` in ${scope.source.typeName}` : "";
  context.report(
    "name-unknown",
    at,
    `no "${name}"${where}, nor a call or join of that name`,
    absent ??
      suggestion(name, [...names, "request", "auth"], `names here: ${list([...names, "request", "auth"])}`),
  );
  return undefined;
}

function namesOf(scope: Scope): string[] {
  const fields = typeof scope.source === "object" ? namesIn(scope.source) : [];
  return [...scope.joins.keys(), ...scope.calls.keys(), ...(scope.lets?.keys() ?? []), ...fields];
}

function resolveAuth(context: Context, head: Path[number], rest: Path, place: Place): Resolved {
  const [first] = rest;
  if (first?.name === "subject" && rest.length === 1) return { root: { kind: "auth", claim: [] }, path: [] };
  if (first?.name === "claims" && rest.length > 1) {
    return { root: { kind: "auth", claim: rest.slice(1).map((segment) => segment.name) }, path: [] };
  }
  context.report(
    "name-unknown",
    { ...place, part: first ?? head },
    `auth has no "${first?.name ?? ""}"`,
    'write "auth.subject" or "auth.claims.NAME"',
  );
  return undefined;
}

/** Goes on from what a call or join stands for. */
function continueFrom(context: Context, from: Value, rest: Path, scope: Scope, place: Place): Resolved {
  if (rest.length === 0) return from;
  const message = messageOfValue(from);
  const last = from.path.at(-1);
  if (message === undefined) {
    scalarHasNoFields(context, last!, rest[0]!, place);
    return undefined;
  }
  if (last !== undefined && last.cardinality !== "singular") {
    throughList(context, last, rest[0]!, place);
    return undefined;
  }
  return descend(context, from, message, rest, scope, place);
}

/** Follows field names from a message. */
export function descend(
  context: Context,
  from: Value,
  message: Message,
  names: Path,
  scope: { readonly exposes: boolean },
  place: Place,
): Resolved {
  const path: Field[] = [...from.path];
  let at: Message | undefined = message;
  for (let i = 0; i < names.length; i++) {
    const segment = names[i]!;
    const before = path.at(-1);
    if (i > 0 && before !== undefined) {
      if (before.type.kind !== "message") {
        scalarHasNoFields(context, before, segment, place);
        return undefined;
      }
      if (before.cardinality !== "singular") {
        throughList(context, before, segment, place);
        return undefined;
      }
      at = before.type.message;
    }
    const field: Field | undefined = at!.byName.get(segment.name);
    if (field === undefined) {
      unknownField(context, at!, segment, place);
      return undefined;
    }
    if (scope.exposes && isMarkedInternal(field)) {
      reportMarked(context, field, { ...place, part: segment });
      return undefined;
    }
    path.push(field);
  }
  return { root: from.root, path };
}

export function unknownField(context: Context, message: Message, segment: Path[number], place: Place): void {
  const names = namesIn(message);
  context.report(
    "path-unknown",
    { ...place, part: segment },
    `${message.typeName} has no field "${segment.name}"`,
    suggestion(segment.name, names, `its fields: ${list(names)}`),
  );
}

export function scalarHasNoFields(context: Context, field: Field, segment: Path[number], place: Place): void {
  context.report(
    "path-scalar",
    { ...place, part: segment },
    `"${field.name}" is ${describeType(field)}, which has no fields`,
    `end the path at "${field.name}"`,
  );
}

function throughList(context: Context, field: Field, segment: Path[number], place: Place): void {
  const kind = field.cardinality === "map" ? "map" : "list";
  context.report(
    "path-repeated",
    { ...place, part: segment },
    `"${field.name}" is ${describeType(field)}: a path cannot go through a ${kind}`,
    kind === "map"
      ? "map it as a whole to a public map, or take the value out in an internal service"
      : "map the list as a whole to a repeated field, whose message then takes what it needs of each element",
  );
}

/**
 * Resolves a path that may go through lists, such as that of a join's response: "results.user.id". Plain paths of
 * fields only.
 */
export function fieldPath(context: Context, text: Text, message: Message, place: Place): Field[] | undefined {
  const path = plainPath(context, text, place);
  if (path === undefined) return undefined;
  const fields: Field[] = [];
  let at: Message | undefined = message;
  for (const segment of path) {
    if (at === undefined) {
      scalarHasNoFields(context, fields.at(-1)!, segment, place);
      return undefined;
    }
    const field: Field | undefined = at.byName.get(segment.name);
    if (field === undefined) {
      unknownField(context, at, segment, place);
      return undefined;
    }
    fields.push(field);
    at = field.type.kind === "message" ? field.type.message : undefined;
  }
  return fields;
}
