import { fieldRule, messageRule } from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { Below, MethodScope } from "../method-scope.js";
import type { JoinPlan, MethodPlan, Translator, Value } from "../types.js";
import { neededJoins, translatorsIn } from "../walk.js";
import { placeOf } from "./cycles.js";

/** The most that a join says as its `max_depth`. */
export const MAX_DEPTH = 10;
/** The most translators of one message, and the most joins of one method, that joins may unroll to. */
const MAX_TRANSLATORS = 200;
const MAX_JOINS = 256;

const NOTHING: Below = { depths: new Map(), skipped: new Set() };

function identity(owner: Message, name: string): string {
  return `${owner.typeName}.${name}`;
}

function maxDepthOf(owner: Message, name: string): number {
  const said = owner.desc === undefined ? undefined : messageRule(owner.desc);
  return said?.join.find((join) => join.name === name)?.maxDepth ?? 0;
}

/** Whether a join of a message does not run where the message stands. */
export function isCut(translators: Translators, owner: Message, name: string, scope: MethodScope): boolean {
  const { depths, skipped } = scope.below ?? NOTHING;
  if (skipped.has(name)) return true;
  const max = maxDepthOf(owner, name);
  const isCut = max > 0 && (depths.get(identity(owner, name)) ?? 0) >= max;
  if (isCut) translators.cut.add(identity(owner, name));
  return isCut;
}

/** The scope of what stands in a field: below the join that feeds it, without what it skips. */
export function scopeBelow(
  context: Context,
  scope: MethodScope,
  { root }: Value,
  target: Field,
): MethodScope {
  const { depths, skipped } = scope.below ?? NOTHING;
  const skips = target.desc === undefined ? [] : (fieldRule(target.desc)?.skip ?? []);
  const join =
    root.kind === "join" && maxDepthOf(root.join.owner, root.join.name) > 0 ? root.join : undefined;
  if (join === undefined && skips.length === 0 && depths.size === 0 && skipped.size === 0) return scope;
  // What cannot be reached from here makes no difference, and no translator of its own.
  const names = target.type.kind === "message" ? joinsBelow(context, target) : new Set<string>();
  const nextSkipped = new Set([...skipped, ...skips].filter((name) => names === "any" || has(names, name)));
  const nextDepths = new Map(depths);
  if (join !== undefined) {
    const id = identity(join.owner, join.name);
    nextDepths.set(id, (nextDepths.get(id) ?? 0) + 1);
  }
  for (const id of nextDepths.keys()) if (names !== "any" && !names.has(id)) nextDepths.delete(id);
  const { base = scope.id } = scope;
  if (nextDepths.size === 0 && nextSkipped.size === 0) return { ...scope, id: base, base, below: NOTHING };
  const place = [...[...nextDepths].map(([id, n]) => `${id}:${n}`).sort(), ...[...nextSkipped].sort()];
  return {
    ...scope,
    id: `${base} ${place.join()}`,
    base,
    below: { depths: nextDepths, skipped: nextSkipped },
  };
}

function has(joins: ReadonlySet<string>, name: string): boolean {
  for (const id of joins) if (id.endsWith(`.${name}`)) return true;
  return false;
}

const known = new WeakMap<Field, ReadonlySet<string> | "any">();

/** The joins in a field's message and all messages inside it; "any" where it may hold whatever is listed elsewhere. */
export function joinsBelow(context: Context, start: Field): ReadonlySet<string> | "any" {
  const before = known.get(start);
  if (before !== undefined) return before;
  const joins = new Set<string>();
  const messages = new Set<Message>();
  let isOpen = false;
  const add = (field: Field) => {
    if (field.type.kind !== "message") return;
    const any = (field.desc === undefined ? undefined : fieldRule(field.desc)?.any) ?? [];
    for (const name of any) {
      const held = context.registry.getMessage(name);
      if (held !== undefined) messages.add(messageOf(held));
    }
    if (field.type.message.typeName === "google.protobuf.Any" && any.length === 0) isOpen = true;
    messages.add(field.type.message);
  };
  add(start);
  for (const message of messages) {
    const rule = message.desc === undefined ? undefined : messageRule(message.desc);
    for (const join of rule?.join ?? []) joins.add(identity(message, join.name));
    for (const field of message.fields) {
      if (field.desc !== undefined && fieldRule(field.desc)?.key) joins.add(identity(message, field.name));
      add(field);
    }
  }
  const found = isOpen ? "any" : joins;
  known.set(start, found);
  return found;
}

/** Counts the translators of one message; false, and reported, where there are too many. */
export function isBounded(
  translators: Translators,
  target: Message,
  source: string | undefined,
  scope: MethodScope,
): boolean {
  const [first] = scope.below?.depths.keys() ?? [];
  if (first === undefined) return true;
  const key = `${target.typeName} ${source} ${scope.base}`;
  const count = (translators.unrolled.get(key) ?? 0) + 1;
  translators.unrolled.set(key, count);
  if (count <= MAX_TRANSLATORS) return true;
  if (count > MAX_TRANSLATORS + 1) return false;
  const dot = first.lastIndexOf(".");
  const owner = translators.context.registry.getMessage(first.slice(0, dot))!;
  reportTooDeep(translators.context, placeOf({ owner: messageOf(owner), name: first.slice(dot + 1) }));
  return false;
}

function reportTooDeep(context: Context, place: Place): void {
  context.report(
    "join-depth",
    { ...place, path: [...place.path!, "max_depth"] },
    `this \`max_depth\`, with those of the joins inside, comes to more than ${MAX_JOINS} joins in one method`,
    "write a smaller number, or `skip` on a field to cut a way that is not needed",
  );
}

/** Reports methods whose joins unroll to too many, and a `max_depth` that bounds nothing. */
export function checkDepths(
  context: Context,
  translators: Translators,
  methods: readonly MethodPlan[],
): void {
  if (context.findings.some((finding) => finding.id === "join-depth")) return;
  for (const { translator } of methods) {
    const deep = new Set<JoinPlan>();
    if (countJoins([translator], 0, deep) <= MAX_JOINS) continue;
    const [first] = deep;
    if (first !== undefined) reportTooDeep(context, placeOf(first));
  }
  // What is wrong elsewhere may be why it is not reached.
  if (context.findings.length > 0) return;
  for (const { translator } of translators.all) {
    for (const join of translator.joins) {
      const { owner, name } = join;
      if (join.use === undefined || maxDepthOf(owner, name) === 0) continue;
      if (translators.cut.has(identity(owner, name))) continue;
      const place = placeOf(join);
      context.report(
        "join-depth",
        { ...place, path: [...place.path!, "max_depth"] },
        `the join "${name}" does not reach its own message, so there is no depth to bound`,
        "remove `max_depth`",
      );
    }
  }
}

/** The joins of a method, each at each place where it stands; stops soon after there are too many. */
function countJoins(starts: readonly Translator[], before: number, deep: Set<JoinPlan>): number {
  let count = before;
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator) || count > MAX_JOINS) return;
    seen.add(translator);
    const needed = neededJoins(translator);
    count += needed.size;
    for (const join of needed) if (maxDepthOf(join.owner, join.name) > 0) deep.add(join);
    for (const { value, conversion } of translator.fields) {
      if (value.root.kind === "join") count = countJoins(translatorsIn(conversion), count, deep);
      else for (const inner of translatorsIn(conversion)) go(inner);
    }
  };
  for (const start of starts) go(start);
  return count;
}
