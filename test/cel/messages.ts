import {
  create,
  type DescField,
  type DescMessage,
  equals,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { toText } from "../../runtime/src/cel/convert.js";
import {
  asMap,
  CelMap,
  Duration,
  durationOf,
  fail,
  type MessageValue,
  Timestamp,
  timestampOf,
  Uint,
  type Value,
} from "../../runtime/src/cel/index.js";

const WRAPPER = /^google\.protobuf\.(Bool|Bytes|Double|Float|Int32|Int64|String|UInt32|UInt64)Value$/;
/** Fields of these types are null where they are not set. */
const NULL_UNLESS_SET =
  /^google\.protobuf\.(Any|(Bool|Bytes|Double|Float|Int32|Int64|String|UInt32|UInt64)?Value)$/;

/** Messages of protobuf-es as values of CEL, and back: what generated code does on the wire. */
export class Messages {
  constructor(readonly registry: Registry) {}

  /** `Type{name: value}` */
  make(typeName: string, entries: ReadonlyArray<readonly [string, Value]>): Value {
    const desc = this.registry.getMessage(typeName)!;
    const made = reflect(desc);
    for (const [name, value] of entries)
      this.#set(made, desc.fields.find((field) => field.name === name)!, value);
    return this.toValue(made);
  }

  /** A message as a value. */
  toValue(message: ReflectMessage): Value {
    const get = (name: string) =>
      message.get(message.desc.fields.find((field) => field.name === name)!) as never;
    const { typeName } = message.desc;
    switch (typeName) {
      case "google.protobuf.Timestamp":
        return timestampOf(get("seconds"), get("nanos"));
      case "google.protobuf.Duration":
        return durationOf(get("seconds"), get("nanos"));
      case "google.protobuf.Value":
        if (message.oneofCase(message.oneofs[0]!) === undefined) return null;
        return fromJsonValue(toJsonOf(message));
      case "google.protobuf.Struct":
      case "google.protobuf.ListValue":
        return fromJsonValue(toJsonOf(message));
      case "google.protobuf.Any":
        return this.#unpack(message.message as Any);
      default: {
        const field = message.desc.fields[0];
        if (WRAPPER.test(typeName)) return scalarValue(field!, get("value"));
        return new ReflectedMessage(this, message);
      }
    }
  }

  #unpack(any: Any): Value {
    const message = anyUnpack(any, this.registry);
    if (message === undefined) return fail("a type that is not known in an Any");
    return this.toValue(reflect(this.registry.getMessage(message.$typeName)!, message));
  }

  /** A field of a message, whether set or not. */
  get(message: ReflectMessage, field: DescField): Value {
    if (field.fieldKind === "list")
      return Array.from(message.get(field), (element) => this.#element(field, element));
    if (field.fieldKind === "map") {
      const entries = Array.from(
        message.get(field),
        ([key, value]) => [mapKey(field, key), this.#element(field, value)] as const,
      );
      return new CelMap(entries, "last");
    }
    if (
      field.fieldKind === "message" &&
      !message.isSet(field) &&
      NULL_UNLESS_SET.test(field.message.typeName)
    )
      return null;
    return this.#element(field, message.get(field));
  }

  #element(field: DescField, value: unknown): Value {
    return field.message === undefined
      ? scalarValue(field, value)
      : this.toValue(isReflect(value) ? value : reflect(field.message, value as Message));
  }

  #set(message: ReflectMessage, field: DescField, value: Value): void {
    if (field.fieldKind === "list") {
      if (!Array.isArray(value)) fail("unsupported field type");
      for (const element of value as readonly Value[])
        message.get(field).add(this.#raw(field, element) as never);
    } else if (field.fieldKind === "map") {
      for (const [key, each] of asMap(value).entries()) message.get(field).set(rawScalar(field.mapKey, key) as never, this.#raw(field, each) as never); // biome-ignore format: one call
    } else {
      const raw = this.#raw(field, value);
      if (raw !== undefined) message.set(field, raw);
    }
  }

  /** A value as reflection takes it; undefined leaves the field unset. */
  #raw(field: DescField, value: Value): unknown {
    if (field.enum !== undefined) return rawScalar(ScalarType.INT32, value === null ? 0n : value);
    if (field.message === undefined) return rawScalar(field.scalar!, value);
    const made = this.#message(field.message, value);
    return made === undefined ? undefined : reflect(field.message, made);
  }

  #message(desc: DescMessage, value: Value): Message | undefined {
    switch (desc.typeName) {
      case "google.protobuf.Value":
        return fromJson(desc, toJsonValue(value), { registry: this.registry });
      case "google.protobuf.Struct":
        return fromJson(desc, toJsonValue(asMap(value)));
      case "google.protobuf.ListValue":
        if (!Array.isArray(value)) return fail("unsupported field type");
        return fromJson(desc, toJsonValue(value));
    }
    if (value === null) return undefined;
    switch (desc.typeName) {
      case "google.protobuf.Any":
        return this.#pack(value);
      case "google.protobuf.Timestamp":
      case "google.protobuf.Duration":
        return fromJson(desc, toText(value));
    }
    if (WRAPPER.test(desc.typeName)) {
      const made = reflect(desc);
      made.set(desc.fields[0]!, rawScalar(desc.fields[0]!.scalar!, value));
      return made.message;
    }
    if (value instanceof ReflectedMessage) return value.message.message;
    return fail("unsupported field type");
  }

  #pack(value: Value): Any {
    const into = (name: string) => {
      const desc = this.registry.getMessage(`google.protobuf.${name}`)!;
      return anyPack(desc, this.#message(desc, value)!);
    };
    if (value instanceof ReflectedMessage) return anyPack(value.message.desc, value.message.message);
    if (value instanceof Timestamp) return into("Timestamp");
    if (value instanceof Duration) return into("Duration");
    if (value instanceof CelMap) return into("Struct");
    if (Array.isArray(value)) return into("ListValue");
    if (value instanceof Uint8Array) return into("BytesValue");
    if (value instanceof Uint) return into("UInt64Value");
    const names: Record<string, string> = { bigint: "Int64Value", number: "DoubleValue", boolean: "BoolValue", string: "StringValue" }; // biome-ignore format: a table
    return names[typeof value] === undefined ? create(AnySchema) : into(names[typeof value]!);
  }
}

/** A message as a value that is known only at run time. */
export class ReflectedMessage implements MessageValue {
  readonly kind = "message";
  readonly typeName: string;

  constructor(
    readonly messages: Messages,
    readonly message: ReflectMessage,
  ) {
    this.typeName = message.desc.typeName;
  }

  select(name: string): Value | undefined {
    const field = this.message.desc.fields.find((each) => each.name === name);
    return field === undefined ? undefined : this.messages.get(this.message, field);
  }

  has(name: string): boolean | undefined {
    const field = this.message.desc.fields.find((each) => each.name === name);
    return field === undefined ? undefined : this.message.isSet(field);
  }

  equals(other: MessageValue): boolean {
    if (!(other instanceof ReflectedMessage) || other.typeName !== this.typeName) return false;
    const options = { registry: this.messages.registry, unpackAny: true, unknown: true, extensions: true };
    return equals(this.message.desc, this.message.message, other.message.message, options) && !this.#hasNaN();
  }

  /** protobuf-es has NaN equal itself; CEL does not. */
  #hasNaN(): boolean {
    return this.message.fields.some((field) =>
      Number.isNaN(this.message.isSet(field) && this.message.get(field)),
    );
  }
}

function isReflect(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "message" in value;
}

function mapKey(field: DescField & { fieldKind: "map" }, key: unknown): Value {
  return scalarOf(field.mapKey, key);
}

function scalarValue(field: DescField, value: unknown): Value {
  return field.enum !== undefined ? BigInt(value as number) : scalarOf(field.scalar!, value);
}

function scalarOf(type: ScalarType, value: unknown): Value {
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return BigInt(value as number);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return new Uint(BigInt(value as number));
    default:
      return value as Value;
  }
}

function rawScalar(type: ScalarType, value: Value): unknown {
  const number = value instanceof Uint ? value.value : value;
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return typeof number === "bigint" && BigInt.asIntN(32, number) === number
        ? Number(number)
        : fail("range");
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return typeof number === "bigint" && BigInt.asUintN(32, number) === number
        ? Number(number)
        : fail("range");
    case ScalarType.FLOAT:
      return Math.fround(number as number);
    default:
      return value === null ? fail("unsupported field type") : number;
  }
}

function toJsonOf({ desc, message }: ReflectMessage): JsonValue {
  return toJson(desc, message);
}

function fromJsonValue(value: JsonValue): Value {
  if (Array.isArray(value)) return value.map(fromJsonValue);
  if (typeof value !== "object" || value === null) return value;
  return new CelMap(Object.entries(value).map(([key, each]) => [key, fromJsonValue(each)] as const));
}

function toJsonValue(value: Value): JsonValue {
  if (value === null || ["string", "boolean", "number"].includes(typeof value)) return value as JsonValue;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (value instanceof CelMap) return Object.fromEntries(value.entries().map(([key, each]) => [jsonKey(key), toJsonValue(each)])); // biome-ignore format: one expression
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const number = value instanceof Uint ? value.value : value;
  if (typeof number === "bigint")
    return Number.isSafeInteger(Number(number)) ? Number(number) : String(number);
  if (value instanceof Timestamp || value instanceof Duration) return toText(value);
  if (value instanceof ReflectedMessage) return toJsonOf(value.message);
  return fail("not JSON");
}

function jsonKey(key: Value): string {
  return typeof key === "string" ? key : fail("a key of a Struct that is not a string");
}
