import { type Path, parsePath, partOf, pathText, type Text } from "../../expression/path.js";
import { describeType, type Field, type Message } from "../../source/model.js";
import { type Context, isMarkedInternal, list, type Place } from "../context.js";
import { suggestion } from "../names.js";
import type { CallPlan, JoinPlan, Value } from "../types.js";
import { resolveExpression } from "./expressions.js";

/** A name that an annotation made. "broken": its own annotation is wrong, so nothing is said of those who use it. */
export type Named<T> = ReadonlyMap<string, T | "broken">;

/** The names that an expression sees. */
export interface Scope {
  /** Undefined: there is none here. "broken": its own annotation is wrong. */
  readonly source: Message | undefined | "broken";
  readonly request: Message | undefined;
  readonly calls: Named<CallPlan>;
  readonly joins: Named<JoinPlan>;
  /** Whether this is the way out: fields marked internal must not be read. */
  readonly exposes: boolean;
  /** A call or join has no name that could be used, so a name that is not found may be the one that it should have. */
  readonly incomplete?: boolean;
  /** The call whose request is built: its own result is not there yet. */
  readonly self?: string;
  /** Names of `let`; each is resolved when it is first used. */
  readonly lets?: ReadonlyMap<string, () => Value | "broken"> | undefined;
  /** The `let` whose value this is. */
  readonly made?: string;
  /** Names of the `let` that come later: they are not in scope yet. */
  readonly later?: () => ReadonlySet<string>;
  /** The source of the message around this one. */
  readonly parent?: Message | undefined;
  /** The message that is written. */
  readonly target?: Message;
}

/** What is in scope where there is no message at hand, nor any call. */
export function scopeAside({
  request,
  lets,
  incomplete,
}: Pick<Scope, "request" | "lets" | "incomplete">): Scope {
  const none = { source: undefined, calls: new Map(), joins: new Map(), exposes: false };
  return { ...none, request, lets, ...(incomplete === undefined ? {} : { incomplete }) };
}

/** Roots that only expressions read. */
const COMPUTED_ROOTS = ["metadata", "parent", "this", "config"];
export const RESERVED: ReadonlySet<string> = new Set([
  "request", "auth", "source", ...COMPUTED_ROOTS,
]); // biome-ignore format: a table

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

/** How to mend a name that would be in scope elsewhere. */
export function absentFix(scope: Scope, name: string): string | undefined {
  if (name === scope.made)
    return "a `let` cannot read itself: read the request, a call, or a `let` before it";
  if (scope.later?.().has(name))
    return `a \`let\` reads those before it: write this one after that of "${name}"`;
  if (name === scope.self)
    return "a call cannot read its own result: take the value from the request, or from another call";
  return undefined;
}

function namesOf(scope: Scope): string[] {
  const fields = typeof scope.source === "object" ? namesIn(scope.source) : [];
  return [...scope.joins.keys(), ...scope.calls.keys(), ...(scope.lets?.keys() ?? []), ...fields];
}

/** The names of a message's fields, to be suggested: not those that must never be exposed. */
export function namesIn(message: Message): string[] {
  return message.fields.filter((field) => !isMarkedInternal(field)).map((field) => field.name);
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

/** Reports a field on its way out that must not leave. */
export function reportMarked(context: Context, field: Field, place: Place): void {
  context.report(
    "field-internal",
    place,
    `${field.parent.typeName}.${field.name} is marked internal: it must never be exposed`,
    "leave it out of the public API, or have the owner of the internal file lift the mark",
  );
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

/** The message that a value is, or is a list of. */
export function messageOfValue(value: Value): Message | undefined {
  const last = value.path.at(-1);
  if (last !== undefined) return last.type.kind === "message" ? last.type.message : undefined;
  return rootMessage(value);
}

/** The message at a value's root. */
export function rootMessage(value: Value): Message | undefined {
  switch (value.root.kind) {
    case "source":
    case "request":
    case "parent":
    case "this":
      return value.root.message;
    case "call":
      return value.root.call.method.output;
    case "join": {
      const { lookup } = value.root.join;
      const row = lookup.row.at(-1);
      return row === undefined ? lookup.method.output : (row.type as { message: Message }).message;
    }
    case "auth":
    case "surroundings":
      return undefined;
    case "expression": {
      const { type } = value.root.expression.tree;
      const element = type.kind === "list" ? type.element : type;
      return element.kind === "message" ? element.message : undefined;
    }
  }
}

export { pathText };
