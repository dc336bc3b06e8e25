import { create, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Field } from "../../plugin/src/source/model.js";
import { Malformed } from "./cursor.js";
import { isZero } from "./scalar.js";

/** An empty message. */
export function empty(desc: DescMessage): ReflectMessage {
  return reflect(desc, create(desc), false);
}

/** An entry of a map, as a path of a join goes through it: a message with the fields 1 and 2. */
export class Entry {
  constructor(
    readonly key: unknown,
    readonly value: unknown,
  ) {}
}

/** What fields are read from. */
export type Holder = ReflectMessage | Entry;

// Fields and messages whose own bytes are malformed. That is told to who reads them: what nobody reads is not looked at.
const brokenFields = new WeakMap<object, Set<DescField>>();
const brokenMessages = new WeakSet<object>();

export function markField(message: ReflectMessage, field: DescField): void {
  const fields = brokenFields.get(message.message) ?? new Set();
  brokenFields.set(message.message, fields.add(field));
}

/** A member of a oneof that is set takes the place of the others, and of what was malformed in them. */
export function unmarkSiblings(message: ReflectMessage, field: DescField): void {
  const fields = brokenFields.get(message.message);
  for (const other of field.oneof?.fields ?? []) if (other !== field) fields?.delete(other);
}

export function markMessage(message: ReflectMessage): void {
  brokenMessages.add(message.message);
}

/** Throws if the message's own bytes are malformed. */
export function open(message: ReflectMessage): ReflectMessage {
  if (brokenMessages.has(message.message)) throw new Malformed("a malformed message");
  return message;
}

/** Whether a field is set; one without presence is when it is not zero. */
export function has(holder: Holder, field: Field): boolean {
  if (holder instanceof Entry) {
    return field.number === 1 ? !isZero(holder.key) : field.type.kind === "message" || !isZero(holder.value);
  }
  return isSet(open(holder), field.desc!);
}

export function isSet(message: ReflectMessage, desc: DescField): boolean {
  if (desc.fieldKind === "list") return message.get(desc).size > 0;
  if (desc.fieldKind === "map") return message.get(desc).size > 0;
  // 2 is IMPLICIT.
  if (desc.fieldKind === "message" || desc.oneof !== undefined || desc.presence !== 2)
    return message.isSet(desc);
  return !isZero(message.get(desc));
}

/** The value of a field, or its default. */
export function read(holder: Holder, field: Field): unknown {
  if (holder instanceof Entry) {
    const value = field.number === 1 ? holder.key : holder.value;
    return field.type.kind === "message" ? open(value as ReflectMessage) : value;
  }
  if (brokenFields.get(open(holder).message)?.has(field.desc!) && isSet(holder, field.desc!)) {
    throw new Malformed(isJson(field) ? MALFORMED_JSON : "a malformed field");
  }
  return holder.get(field.desc!);
}

/** protobuf-es keeps a Struct as JSON: that something in it is malformed is known, but not what, nor if it is read. */
export const MALFORMED_JSON = "a Struct with something malformed";

function isJson({ type }: Field): boolean {
  const inner = type.kind === "message" ? (type.message.byName.get("value") ?? undefined) : undefined;
  const names = [type, inner?.type].map((one) => (one?.kind === "message" ? one.message.typeName : ""));
  return names.includes("google.protobuf.Struct");
}

/** The elements of a list, or the entries of a map. */
export function elements(holder: Holder, field: Field): unknown[] {
  const value = read(holder, field);
  return field.cardinality === "map"
    ? [...(value as ReflectMap)].map(([key, content]) => new Entry(key, content))
    : [...(value as ReflectList)];
}

/** Goes through singular messages to the one that holds the last field of a path; undefined where one is not there. */
export function holderOf(from: Holder, path: readonly Field[]): Holder | undefined {
  let at = from;
  for (const step of path.slice(0, -1)) {
    if (!has(at, step)) return undefined;
    at = read(at, step) as ReflectMessage;
  }
  return at;
}
