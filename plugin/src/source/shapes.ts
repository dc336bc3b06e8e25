import type { Field, Message, Scalar } from "./model.js";

/** The key and the value of a map. */
export function entryFields(map: Field): [Field, Field] {
  const [key, value] = (map.type as { message: Message }).message.fields;
  return [key!, value!];
}

/** Whether a path is the value of a map's entry, which is empty where the entry has none. */
export function isEntryValue(path: readonly Field[]): boolean {
  return path.length === 1 && path[0]!.desc === undefined && path[0]!.number === 2;
}

/** The wrappers of google.protobuf, by full name, and what they wrap. */
export const WRAPPERS: ReadonlyMap<string, Scalar> = new Map([
  ["google.protobuf.DoubleValue", "double"],
  ["google.protobuf.FloatValue", "float"],
  ["google.protobuf.Int64Value", "int64"],
  ["google.protobuf.UInt64Value", "uint64"],
  ["google.protobuf.Int32Value", "int32"],
  ["google.protobuf.UInt32Value", "uint32"],
  ["google.protobuf.BoolValue", "bool"],
  ["google.protobuf.StringValue", "string"],
  ["google.protobuf.BytesValue", "bytes"],
]);

/** What a google.protobuf wrapper wraps. */
export function wrapped(message: Message): Scalar | undefined {
  return WRAPPERS.get(message.typeName);
}

/** Whether a field holds a google.protobuf.Any, or several. */
export function isAny({ type }: Pick<Field, "type">): boolean {
  return type.kind === "message" && type.message.typeName === "google.protobuf.Any";
}

/** Whether a field holds a google.protobuf.FieldMask, or several. */
export function isMask({ type }: Pick<Field, "type">): boolean {
  return type.kind === "message" && type.message.typeName === "google.protobuf.FieldMask";
}
