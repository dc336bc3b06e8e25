import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A field of an options message, or one of its extensions. */
export type OptionField = DescField | DescExtension;

export type OptionValue =
  | { readonly kind: "scalar"; readonly scalar: ScalarType; readonly value: unknown }
  | { readonly kind: "enum"; readonly enum: DescEnum; readonly number: number }
  | { readonly kind: "message"; readonly fields: OptionValues }
  /** An entry of a map. */
  | {
      readonly kind: "entry";
      readonly key: OptionValue | undefined;
      readonly value: OptionValue | undefined;
    };

/** The fields of a message that are set, by number, each with its values. */
export type OptionValues = Map<number, { readonly field: OptionField; readonly items: OptionValue[] }>;

/**
 * Reads the options of an element, extensions alike, from their bytes: so values are what they are on the wire, also where
 * the library would give them another form (wrappers, Struct).
 */
export function optionValues(
  schema: DescMessage,
  options: Message | undefined,
  registry: Registry,
): OptionValues {
  if (options === undefined) return new Map();
  return readMessage(schema, toBinary(schema, options), registry);
}

function readMessage(desc: DescMessage, bytes: Uint8Array, registry: Registry): OptionValues {
  const values: OptionValues = new Map();
  readFields(values, desc, new BinaryReader(bytes), registry, undefined);
  return values;
}

function readFields(
  values: OptionValues,
  desc: DescMessage,
  reader: BinaryReader,
  registry: Registry,
  group: number | undefined,
): void {
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.EndGroup && number === group) return;
    const field = desc.fields.find((f) => f.number === number) ?? registry.getExtensionFor(desc, number);
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    let known = values.get(number);
    if (known === undefined) {
      known = { field, items: [] };
      values.set(number, known);
    }
    readField(known.items, field, reader, wireType, registry);
  }
}

function readField(
  items: OptionValue[],
  field: OptionField,
  reader: BinaryReader,
  wireType: WireType,
  registry: Registry,
): void {
  if (field.fieldKind === "map") {
    items.push(readEntry(field, reader, registry));
    return;
  }
  const isMany = field.fieldKind === "list";
  const { message } = field;
  if (message !== undefined) {
    const [before] = items;
    const merged = !isMany && before?.kind === "message" ? before.fields : undefined;
    const fields: OptionValues = merged ?? new Map();
    if (wireType === WireType.StartGroup) readFields(fields, message, reader, registry, field.number);
    else readFields(fields, message, new BinaryReader(reader.bytes()), registry, undefined);
    if (merged === undefined) items.push({ kind: "message", fields });
    return;
  }
  const read = () => readScalar(field.scalar, field.enum, reader);
  const isPacked =
    wireType === WireType.LengthDelimited &&
    field.scalar !== ScalarType.STRING &&
    field.scalar !== ScalarType.BYTES;
  if (isPacked) {
    for (const end = reader.uint32() + reader.pos; reader.pos < end; ) items.push(read());
    return;
  }
  if (!isMany) items.length = 0;
  items.push(read());
}

function readEntry(
  field: OptionField & { fieldKind: "map" },
  reader: BinaryReader,
  registry: Registry,
): OptionValue {
  const entry = new BinaryReader(reader.bytes());
  let key: OptionValue | undefined;
  let value: OptionValue | undefined;
  while (entry.pos < entry.len) {
    const [number, wireType] = entry.tag();
    if (number === 1) key = readScalar(field.mapKey, undefined, entry);
    else if (number !== 2) entry.skip(wireType, number);
    else if (field.message === undefined) value = readScalar(field.scalar, field.enum, entry);
    else value = { kind: "message", fields: readMessage(field.message, entry.bytes(), registry) };
  }
  return { kind: "entry", key, value };
}

function readScalar(
  scalar: ScalarType | undefined,
  type: DescEnum | undefined,
  reader: BinaryReader,
): OptionValue {
  if (type !== undefined) return { kind: "enum", enum: type, number: reader.int32() };
  return { kind: "scalar", scalar: scalar!, value: readers[scalar!](reader) };
}

const readers: Readonly<Record<ScalarType, (reader: BinaryReader) => unknown>> = {
  [ScalarType.DOUBLE]: (reader) => reader.double(),
  [ScalarType.FLOAT]: (reader) => reader.float(),
  [ScalarType.INT64]: (reader) => reader.int64(),
  [ScalarType.UINT64]: (reader) => reader.uint64(),
  [ScalarType.INT32]: (reader) => reader.int32(),
  [ScalarType.FIXED64]: (reader) => reader.fixed64(),
  [ScalarType.FIXED32]: (reader) => reader.fixed32(),
  [ScalarType.BOOL]: (reader) => reader.bool(),
  [ScalarType.STRING]: (reader) => reader.string(),
  [ScalarType.BYTES]: (reader) => reader.bytes(),
  [ScalarType.UINT32]: (reader) => reader.uint32(),
  [ScalarType.SFIXED32]: (reader) => reader.sfixed32(),
  [ScalarType.SFIXED64]: (reader) => reader.sfixed64(),
  [ScalarType.SINT32]: (reader) => reader.sint32(),
  [ScalarType.SINT64]: (reader) => reader.sint64(),
};
