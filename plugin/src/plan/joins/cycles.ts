import { messageRule } from "../../source/annotations.js";
import type { Context, Place } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { FieldPlan, JoinPlan, Translator } from "../types.js";
import { translatorsIn } from "../walk.js";

/**
 * Reports what would have no end: joins whose rows lead back to the message that they stand on, where each round would
 * ask again, and fields that put a message into itself without reading anything deeper.
 */
export function checkCycles(context: Context, translators: Translators): void {
  const owners = new Map<string, string>();
  // One circle is one mistake, wherever on it one begins: that of the message where it is found first.
  const isOther = (path: readonly Translator[]) => {
    const types = path.map(({ target }) => target.typeName);
    const circle = [...new Set(types)].sort().join(" ");
    const owner = owners.get(circle) ?? types[0]!;
    owners.set(circle, owner);
    return owner !== types[0];
  };
  for (const { translator } of translators.all) {
    for (const join of translator.joins) {
      const path = back(translator, (field) => isOf(field, join), anyField);
      if (path === undefined || isOther(path)) continue;
      const place = placeOf(join);
      const how =
        place.path?.[0] === "key"
          ? "with a `join` in place of `key`, and its `max_depth`"
          : "with `max_depth`";
      context.report(
        "join-cycle",
        place,
        `the join "${join.name}" reaches its own message again: ${names(path)}`,
        `say how often ${how}, cut it with \`skip\` on a field, or map a message without the join at one of these places`,
      );
    }
    for (const field of translator.fields) {
      const path = endless(translator, field);
      if (path === undefined || isOther(path)) continue;
      context.report(
        "field-cycle",
        { element: field.target[0]!.desc! },
        `"${field.target[0]!.name}" puts the message into itself without end: ${names(path)}`,
        "map it from a field of the source, or mark it `unset`",
      );
    }
  }
}

const anyField = () => true;

/** Reads the same once more: the source itself, or a call or the request from its beginning. */
function endless(owner: Translator, field: FieldPlan): Translator[] | undefined {
  const { root, path } = field.value;
  const only = (other: FieldPlan) => other === field;
  if (["call", "request", "parent", "this", "expression"].includes(root.kind))
    return back(owner, only, anyField);
  if (root.kind === "source" && path.length === 0) return back(owner, only, isWholeSource);
  return undefined;
}

function isWholeSource(field: FieldPlan): boolean {
  return field.value.root.kind === "source" && field.value.path.length === 0;
}

function isOf(field: FieldPlan, join: JoinPlan): boolean {
  return field.value.root.kind === "join" && field.value.root.join === join;
}

function names(path: readonly Translator[]): string {
  return path.map((translator) => translator.target.typeName).join(" -> ");
}

/** Where a join is said: on the message, or as the `key` of a field. */
export function placeOf(join: Pick<JoinPlan, "owner" | "name">): Place {
  const element = join.owner.desc!;
  const index = messageRule(element)?.join.findIndex((said) => said.name === join.name) ?? -1;
  if (index >= 0) return { element, path: ["join", index] };
  const field = join.owner.byName.get(join.name);
  return field?.desc === undefined ? { element } : { element: field.desc, path: ["key"] };
}

/** The way from a translator back to itself: out through fields that are `first`, then through those that `follow`. */
function back(
  start: Translator,
  first: (field: FieldPlan) => boolean,
  follow: (field: FieldPlan) => boolean,
): Translator[] | undefined {
  const seen = new Set<Translator>();
  const visit = (translator: Translator, path: Translator[]): Translator[] | undefined => {
    if (translator === start) return [...path, translator];
    if (seen.has(translator)) return undefined;
    seen.add(translator);
    return through(translator, follow, [...path, translator]);
  };
  const through = (translator: Translator, allowed: (field: FieldPlan) => boolean, path: Translator[]) => {
    for (const field of translator.fields) {
      if (!allowed(field)) continue;
      for (const inner of translatorsIn(field.conversion)) {
        const found = visit(inner, path);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return through(start, first, [start]);
}
