import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescOneof,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/**
 * The descriptors as the plan sees them. It differs from protobuf-es in two ways: a map is a repeated message with
 * the fields `key` and `value`, as on the wire, so that paths can go through it; and presence is one word.
 */

/** The scalar types, named as in .proto files. */
export type Scalar =
  | "double" | "float" | "int64" | "uint64" | "int32" | "fixed64" | "fixed32" | "bool"
  | "string" | "bytes" | "uint32" | "sfixed32" | "sfixed64" | "sint32" | "sint64"; // biome-ignore format: a table

export type ValueType =
  | { readonly kind: "scalar"; readonly scalar: Scalar }
  | { readonly kind: "enum"; readonly enum: DescEnum }
  | { readonly kind: "message"; readonly message: Message };

export interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: ValueType;
  readonly cardinality: "singular" | "repeated" | "map";
  /** Of a singular field. Members of a oneof and messages are always explicit. */
  readonly presence: "explicit" | "implicit" | "required";
  /** The oneof that it is a member of; proto3 `optional` makes none. */
  readonly oneof: DescOneof | undefined;
  /** A message that is encoded as a group. */
  readonly delimited: boolean;
  /** A repeated scalar or enum that is written packed. */
  readonly packed: boolean;
  /** A string that must be valid UTF-8. */
  readonly utf8: boolean;
  readonly parent: Message;
  /** Undefined for the key and value of a map. */
  readonly desc: DescField | undefined;
}

export interface Message {
  /** Full name; of a map entry, that of the field with ".entry" appended. */
  readonly typeName: string;
  /** The file that declares it. */
  readonly file: DescFile;
  readonly fields: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  /** Undefined for a map entry. */
  readonly desc: DescMessage | undefined;
}

const messages = new WeakMap<DescMessage, Message>();

/** The model of a message; the same object for the same descriptor. */
export function messageOf(desc: DescMessage): Message {
  let message = messages.get(desc);
  if (message === undefined) {
    message = new LazyMessage(desc);
    messages.set(desc, message);
  }
  return message;
}

// Types refer to each other in circles, so fields are made when they are first asked for.
class LazyMessage implements Message {
  readonly typeName: string;
  readonly file: DescFile;
  #byName: ReadonlyMap<string, Field> | undefined;
  #fields: readonly Field[] | undefined;

  constructor(readonly desc: DescMessage) {
    this.typeName = desc.typeName;
    this.file = desc.file;
  }

  get byName(): ReadonlyMap<string, Field> {
    this.#byName ??= new Map(this.desc.fields.map((field) => [field.name, fieldOf(field, this)]));
    return this.#byName;
  }

  get fields(): readonly Field[] {
    this.#fields ??= [...this.byName.values()];
    return this.#fields;
  }
}

function fieldOf(desc: DescField, parent: Message): Field {
  const base = {
    name: desc.name,
    number: desc.number,
    oneof: desc.oneof,
    parent,
    desc,
    delimited: false,
    packed: false,
    utf8: desc.utf8Validation,
    presence: presenceOf(desc),
  };
  switch (desc.fieldKind) {
    case "scalar":
      return { ...base, cardinality: "singular", type: scalarType(desc.scalar) };
    case "enum":
      return { ...base, cardinality: "singular", type: { kind: "enum", enum: desc.enum } };
    case "message":
      return {
        ...base,
        cardinality: "singular",
        type: { kind: "message", message: messageOf(desc.message) },
        delimited: desc.delimitedEncoding,
      };
    case "list": {
      const list = { ...base, cardinality: "repeated", presence: "implicit" } as const;
      if (desc.listKind === "scalar") return { ...list, type: scalarType(desc.scalar), packed: desc.packed };
      if (desc.listKind === "enum")
        return { ...list, type: { kind: "enum", enum: desc.enum }, packed: desc.packed };
      return {
        ...list,
        type: { kind: "message", message: messageOf(desc.message) },
        delimited: desc.delimitedEncoding,
      };
    }
    case "map":
      return {
        ...base,
        presence: "implicit",
        cardinality: "map",
        type: { kind: "message", message: mapEntry(desc, parent) },
      };
  }
}

function mapEntry(desc: DescField & { fieldKind: "map" }, parent: Message): Message {
  const entry: { -readonly [K in keyof Message]: Message[K] } = {
    typeName: `${parent.typeName}.${desc.name}.entry`,
    file: parent.file,
    desc: undefined,
    fields: [],
    byName: new Map(),
  };
  const part = (name: string, number: number, type: ValueType): Field => ({
    name,
    number,
    type,
    cardinality: "singular",
    presence: type.kind === "message" ? "explicit" : "implicit",
    oneof: undefined,
    delimited: false,
    packed: false,
    utf8: desc.utf8Validation,
    parent: entry,
    desc: undefined,
  });
  const value: ValueType =
    desc.mapKind === "scalar"
      ? scalarType(desc.scalar)
      : desc.mapKind === "enum"
        ? { kind: "enum", enum: desc.enum }
        : { kind: "message", message: messageOf(desc.message) };
  entry.fields = [part("key", 1, scalarType(desc.mapKey)), part("value", 2, value)];
  entry.byName = new Map(entry.fields.map((field) => [field.name, field]));
  return entry;
}

function presenceOf(desc: DescField): Field["presence"] {
  switch (desc.presence) {
    case FeatureSet_FieldPresence.LEGACY_REQUIRED:
      return "required";
    case FeatureSet_FieldPresence.IMPLICIT:
      return desc.fieldKind === "message" || desc.oneof !== undefined ? "explicit" : "implicit";
    default:
      return "explicit";
  }
}

const scalarNames: Readonly<Record<ScalarType, Scalar>> = {
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "float",
  [ScalarType.INT64]: "int64",
  [ScalarType.UINT64]: "uint64",
  [ScalarType.INT32]: "int32",
  [ScalarType.FIXED64]: "fixed64",
  [ScalarType.FIXED32]: "fixed32",
  [ScalarType.BOOL]: "bool",
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.SFIXED32]: "sfixed32",
  [ScalarType.SFIXED64]: "sfixed64",
  [ScalarType.SINT32]: "sint32",
  [ScalarType.SINT64]: "sint64",
};

function scalarType(scalar: ScalarType): ValueType {
  return { kind: "scalar", scalar: scalarNames[scalar] };
}

/** "smpl.users.v1.User.email" */
export function fieldName(field: Field): string {
  return `${field.parent.typeName}.${field.name}`;
}

/** "string", "smpl.users.v1.User", "repeated string", "map": how a field's type reads in a message. */
export function describeType(field: Field): string {
  const name =
    field.type.kind === "scalar"
      ? field.type.scalar
      : field.type.kind === "enum"
        ? field.type.enum.typeName
        : field.type.message.typeName;
  if (field.cardinality === "map") {
    const [key, value] = (field.type as { message: Message }).message.fields;
    return `map<${describeType(key!)}, ${describeType(value!)}>`;
  }
  return field.cardinality === "repeated" ? `repeated ${name}` : name;
}
