import { describeType, type Field, type Message } from "../../source/model.js";
import { fits } from "../fields/scalar-fit.js";

/** One field of a message that is a key: each has one value, and is written in one way. */
export interface KeyField {
  readonly target: Field;
  readonly source: Field;
}

/**
 * How a message becomes a key: the fields of the type in which keys compare, by number, each from the field of its
 * name. Or why it cannot be one.
 */
export type KeyFields = { readonly fields: readonly KeyField[] } | { readonly problem: string };

/** `target` is the message in which keys compare: that of the request, or without one that of the response. */
export function keyFields(source: Message, target: Message): KeyFields {
  return find(source, target, []);
}

/** The field of a key's message, at any depth, of which something holds. */
export function findKeyField(
  target: Message,
  holds: (field: Field) => boolean,
  seen = new Set<Message>(),
): Field | undefined {
  if (seen.has(target)) return undefined;
  seen.add(target);
  for (const field of target.fields) {
    if (holds(field)) return field;
    const inner = field.type.kind === "message" ? findKeyField(field.type.message, holds, seen) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

type Pair = readonly [source: Message, target: Message];

/** `around`: the messages that this one is in. One that is in itself is fine if the rest of it is. */
function find(source: Message, target: Message, around: readonly Pair[]): KeyFields {
  if (target.typeName === "google.protobuf.Any") return { problem: "the bytes of an Any do not compare" };
  const fields: KeyField[] = [];
  const inside: Pair[] = [...around, [source, target]];
  for (const field of target.fields) {
    const from = source.byName.get(field.name);
    const problem =
      from === undefined ? `${source.typeName} has no "${field.name}"` : differs(from, field, inside);
    if (problem !== undefined) return { problem };
    fields.push({ target: field, source: from! });
  }
  return { fields: fields.sort((a, b) => a.target.number - b.target.number) };
}

function differs(source: Field, target: Field, around: readonly Pair[]): string | undefined {
  for (const field of [target, source]) {
    const name = `"${field.name}" of ${field.parent.typeName}`;
    if (field.cardinality !== "singular") return `${name} is ${describeType(field)}, which does not compare`;
    if (field.type.kind === "scalar" && (field.type.scalar === "float" || field.type.scalar === "double"))
      return `${name} is ${describeType(field)}, and floating-point numbers are no keys`;
  }
  const [from, to] = [source.type, target.type];
  if (from.kind === "message" && to.kind === "message") {
    if (around.some(([a, b]) => a === from.message && b === to.message)) return undefined;
    const inner = find(from.message, to.message, around);
    return "problem" in inner ? inner.problem : undefined;
  }
  const isSame =
    from.kind === "scalar"
      ? to.kind === "scalar" && fits(from.scalar, to.scalar)
      : from.kind === "enum" && to.kind === "enum" && from.enum === to.enum;
  if (!isSame) return `"${source.name}" is ${describeType(source)} and ${describeType(target)}`;
  return (source.oneof === undefined) === (target.oneof === undefined)
    ? undefined
    : `"${source.name}" is in a oneof in one of the two`;
}
