import { type Field, fieldName, type Message } from "../../source/model.js";
import { isMarkedInternal } from "../context.js";
import type { CallPlan, Expression, JoinPlan, Value } from "../types.js";
import { valuesIn } from "../walk.js";
import { rootMessage } from "./scope.js";

/** What a value is made of, as clients see it: also all that a resolver reads, since it may let it out. */
export function valuesRead(value: Value): readonly Value[] {
  const { root } = value;
  if (root.kind !== "join" || root.join.lookup.resolver === undefined) return valuesIn(value);
  return root.join.key.flatMap(({ root: key }) =>
    key.kind === "expression" ? valuesGiven(key.expression) : [],
  );
}

/** What hand-written code gets by an expression: also all that is inside of the messages that it is given. */
export function valuesGiven({ reads, given }: Expression): readonly Value[] {
  return [...reads, ...given.flatMap((read) => fieldsInside(read, new Set()))];
}

function fieldsInside(read: Value, seen: Set<Message>): Value[] {
  const message = messageOfRead(read);
  if (message === undefined || seen.has(message)) return [];
  seen.add(message);
  return message.fields
    .filter((field) => !isMarkedInternal(field))
    .flatMap((field) => {
      const inner = { root: read.root, path: [...read.path, field] };
      // The key and the value of a map are its own.
      return [...(field.desc === undefined ? [] : [inner]), ...fieldsInside(inner, seen)];
    });
}

/** The fields of a message, and of those in it, that hand-written code is given: each once. */
export function givenFields(message: Message): Field[] {
  const seen = new Set([message]);
  const fields: Field[] = [];
  for (const { fields: own } of seen)
    for (const field of own.filter((one) => !isMarkedInternal(one))) {
      // The key and the value of a map are its own.
      if (field.desc !== undefined) fields.push(field);
      if (field.type.kind === "message" && !isWellKnown(field.type.message.typeName))
        seen.add(field.type.message);
    }
  return fields;
}

/** The message that a path leads to, or the list or map of which it is. */
function messageOfRead({ root, path }: Value): Message | undefined {
  const last = path.at(-1);
  if (last === undefined) return rootMessage({ root, path: [] });
  return last.type.kind === "message" ? last.type.message : undefined;
}

/** The full name of what a path reads: its last field; of a row or a reply that is read whole, the list or the type. */
export function nameOfRead(read: Value): string {
  const last = read.path.at(-1) ?? (read.root.kind === "join" ? read.root.join.lookup.row.at(-1) : undefined);
  return last === undefined ? (rootMessage(read)?.typeName ?? "") : fieldName(last);
}

/** Where the messages come from that are at hand: `T` says it of the source, and of the source of the message around. */
export interface Around<T> {
  readonly here: T | undefined;
  readonly outer: Around<T> | undefined;
}

/** Who answered with what a path reads; undefined where that is no call or join. */
export function answererOf<T>(
  { root }: Value,
  around: Around<T>,
  of: { call(call: CallPlan): T | undefined; join(join: JoinPlan): T | undefined },
): T | undefined {
  switch (root.kind) {
    case "source":
      return around.here;
    case "parent":
      return around.outer?.here;
    case "call":
      return of.call(root.call);
    case "join":
      return of.join(root.join);
    case "expression": {
      const { origin } = root.expression;
      return origin && answererOf(origin, around, of);
    }
    default:
      return undefined;
  }
}

/**
 * Whether a message is one that everybody has, such as a timestamp: the field that holds it says all of what is in it.
 * Not so of other shared packages, whose messages get new fields.
 */
export function isWellKnown(typeName: string): boolean {
  return /^google\.(?:protobuf|type|rpc)\./.test(typeName);
}
