import type { FieldPlan, JoinPlan, Translator } from "../types.js";
import { readsOfField } from "../walk.js";

/** The names of the public fields that a field reads as `this`; "" stands for all of them. */
export function readsOfThis(field: FieldPlan): string[] {
  return readsOfField(field).flatMap(({ root, path }) => (root.kind === "this" ? [path[0]?.name ?? ""] : []));
}

/**
 * Writes, of a message, the fields that some of its fields read as `this`, and those that these read. Undefined where
 * there are none. Who only looks for keys writes them aside, to decide as the one that writes the message.
 */
export function finishedFor(translator: Translator, readers: readonly FieldPlan[]): Translator | undefined {
  const needed = new Set<FieldPlan>();
  const visit = (reader: FieldPlan): void => {
    for (const field of fieldsRead(translator, reader)) {
      if (needed.has(field)) continue;
      needed.add(field);
      visit(field);
    }
  };
  for (const reader of readers) visit(reader);
  if (needed.size === 0) return undefined;
  const fields = translator.fields.filter((field) => needed.has(field));
  const read = new Set<JoinPlan>();
  for (const { root } of fields.flatMap(readsOfField)) if (root.kind === "join") read.add(root.join);
  return { ...translator, fields, joins: translator.joins.filter((join) => read.has(join)) };
}

/** The fields that one reads as `this`: of a oneof, all members, since the first that is there is written. */
export function fieldsRead(translator: Translator, reader: FieldPlan): FieldPlan[] {
  const names = readsOfThis(reader);
  if (names.length === 0) return [];
  const named = translator.fields.filter(({ target }) => names.includes(target[0]!.name));
  const oneofs = new Set(named.map(({ target }) => target[0]!.oneof).filter((oneof) => oneof !== undefined));
  return translator.fields.filter((field) => named.includes(field) || oneofs.has(field.target[0]!.oneof!));
}
