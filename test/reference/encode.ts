import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { ReflectList, ReflectMap, ReflectMessage } from "@bufbuild/protobuf/reflect";
import { BinaryWriter, type WireType } from "@bufbuild/protobuf/wire";
import { isSet } from "./object.js";
import { type ScalarValue, wireOf, writeScalar } from "./scalar.js";

/** Encodes a message: its fields in the order of their declaration, no list packed. */
export function encode(message: ReflectMessage): Uint8Array {
  const w = new BinaryWriter();
  for (const field of message.desc.fields) {
    if (!isSet(message, field)) continue;
    const value: unknown = message.get(field);
    switch (field.fieldKind) {
      case "list":
        for (const element of value as ReflectList) one(w, field, typeOf(field), element);
        break;
      case "map":
        for (const [key, content] of value as ReflectMap) {
          const entry = new BinaryWriter();
          scalar(entry, 1, field.mapKey, key);
          one(entry, { number: 2 }, typeOf(field), content);
          w.tag(field.number, 2).bytes(entry.finish());
        }
        break;
      default:
        one(w, field, typeOf(field), value);
    }
  }
  return w.finish();
}

/** The scalar type of a field's values, an enum's being int32; undefined for messages. */
export function typeOf(field: DescField): ScalarType | undefined {
  return field.scalar ?? (field.enum === undefined ? undefined : ScalarType.INT32);
}

function one(
  w: BinaryWriter,
  field: { readonly number: number; readonly delimitedEncoding?: boolean },
  type: ScalarType | undefined,
  value: unknown,
): void {
  if (type !== undefined) scalar(w, field.number, type, value);
  else if (field.delimitedEncoding)
    w.tag(field.number, 3)
      .raw(encode(value as ReflectMessage))
      .tag(field.number, 4);
  else w.tag(field.number, 2).bytes(encode(value as ReflectMessage));
}

function scalar(w: BinaryWriter, number: number, type: ScalarType, value: unknown): void {
  w.tag(number, wireOf(type) as WireType).raw(writeScalar(type, value as ScalarValue));
}
