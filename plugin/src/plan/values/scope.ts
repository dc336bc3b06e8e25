import type { Field, Message } from "../../source/model.js";
import { type Context, isMarkedInternal, type Place } from "../context.js";
import type { CallPlan, JoinPlan, Value } from "../types.js";

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
export const COMPUTED_ROOTS = ["metadata", "parent", "this", "config"];
export const RESERVED: ReadonlySet<string> = new Set([
  "request", "auth", "source", ...COMPUTED_ROOTS,
]); // biome-ignore format: a table

/** The names of a message's fields, to be suggested: not those that must never be exposed. */
export function namesIn(message: Message): string[] {
  return message.fields.filter((field) => !isMarkedInternal(field)).map((field) => field.name);
}

/** How to mend a name that would be in scope elsewhere. */
export function absentFix(scope: Scope, name: string): string | undefined {
  if (name === scope.made)
    return "a `let` cannot read itself: read the request, a call, or a `let` before it";
  if (scope.later?.().has(name))
    return `a \`let\` reads those before it: write this one after that of "${name}"`;
  if (name === "parent" && scope.target !== undefined)
    return "the message stands here without another around it that has a source: read `parent` in a message of its own";
  if (name === scope.self)
    return "a call cannot read its own result: take the value from the request, or from another call";
  return undefined;
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
