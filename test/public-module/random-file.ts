import { create } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProto_ExtensionRangeSchema,
  DescriptorProto_ReservedRangeSchema,
  DescriptorProtoSchema,
  Edition,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  FeatureSet_FieldPresence,
  FeatureSet_MessageEncoding,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/** Random numbers from a seed, the same on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0, below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

type Syntax = "proto2" | "proto3" | "editions";

/** Names that are words of the language, of scalar types, or of other things around. */
const NAMES = [
  "message",
  "option",
  "string",
  "group",
  "stream",
  "map",
  "to",
  "max",
  "a",
  "b",
  "Inner",
  "google",
  "rand",
  "x_1",
  "_y",
  "fooBar",
];
const TEXTS = [
  "",
  "plain",
  "q\"uo'te",
  "back\\slash",
  "line\nbreak\ttab",
  "\u0001\u007f",
  "é漢😀",
  "*/ // /*",
  "\\101",
  "%s $x",
];

/** A valid file with random declarations. */
export function randomFile(random: Random, index: number): FileDescriptorProto {
  return new FileMaker(
    random,
    random.one(["proto2", "proto3", "editions"]),
    `rand.v${index}`,
    `r${index}.proto`,
  ).make();
}

class FileMaker {
  readonly messages: string[] = [];
  readonly enums: Array<{ name: string; zeroFirst: boolean; values: string[] }> = [];

  constructor(
    readonly random: Random,
    readonly syntax: Syntax,
    readonly packageName: string,
    readonly fileName: string,
  ) {}

  make(): FileDescriptorProto {
    const { random } = this;
    const enumType = [...Array(1 + random.below(2))].map((_, i) =>
      this.#enum(`E${i}`, this.packageName, `V${i}_`),
    );
    const shells = [...Array(2 + random.below(3))].map((_, i) => this.#shell(`M${i}`, this.packageName, 0));
    for (const [message, scope] of shells) this.#fill(message, scope);
    const method = (name: string) => ({
      name,
      inputType: this.#message(),
      outputType: this.#message(),
      ...(random.chance(30) ? { clientStreaming: true } : {}),
      ...(random.chance(30) ? { serverStreaming: true } : {}),
      ...(random.chance(30) ? { options: { deprecated: true } } : {}),
    });
    return create(FileDescriptorProtoSchema, {
      name: this.fileName,
      package: this.packageName,
      ...(this.syntax === "proto2" ? {} : { syntax: this.syntax }),
      ...(this.syntax === "editions" ? { edition: Edition.EDITION_2023 } : {}),
      options: {
        javaPackage: random.one(TEXTS),
        ...(random.chance(50) ? { deprecated: random.chance(50) } : {}),
      },
      messageType: shells.map(([message]) => message),
      enumType,
      service: random.chance(60)
        ? [{ name: random.one(NAMES), method: [method("Do"), method(random.one(NAMES))] }]
        : [],
    });
  }

  #shell(name: string, scope: string, depth: number): [DescriptorProto, string] {
    const fullName = `${scope}.${name}`;
    this.messages.push(`.${fullName}`);
    const message = create(DescriptorProtoSchema, { name });
    if (depth < 2) {
      const names = ["Inner", "string", "message"].filter(() => this.random.chance(40));
      message.nestedType = names.map((nested) => this.#shell(nested, fullName, depth + 1)[0]);
    }
    if (this.random.chance(30)) message.enumType = [this.#enum("Kind", fullName, "K_")];
    return [message, fullName];
  }

  #enum(name: string, scope: string, prefix: string): EnumDescriptorProto {
    const { random, syntax } = this;
    const zeroFirst = syntax !== "proto2" || random.chance(50);
    const count = 1 + random.below(4);
    const values = [...Array(count)].map((_, i) => ({
      name: `${prefix}${i}`,
      number: i === 0 && zeroFirst ? 0 : (i + 1) * (random.chance(20) ? -7 : 3),
      ...(random.chance(20) ? { options: { deprecated: true } } : {}),
    }));
    const isAliased = random.chance(30);
    if (isAliased) values.push({ name: `${prefix}ALIAS`, number: values[0]!.number });
    this.enums.push({ name: `.${scope}.${name}`, zeroFirst, values: values.map((value) => value.name) });
    return create(EnumDescriptorProtoSchema, {
      name,
      value: values,
      ...(isAliased ? { options: { allowAlias: true } } : {}),
      ...(random.chance(30)
        ? { reservedRange: [{ start: 100, end: random.one([100, 200, 2147483647]) }], reservedName: ["OLD"] }
        : {}),
    });
  }

  #fill(message: DescriptorProto, scope: string): void {
    const { random } = this;
    for (const nested of message.nestedType) this.#fill(nested, `${scope}.${nested.name}`);
    const taken = new Set([...message.nestedType, ...message.enumType].map(({ name }) => name));
    // What differs in case alone has one name in JSON.
    const names = NAMES.filter((name) => !taken.has(name) && random.chance(50)).map((name, i) =>
      i % 3 === 0 ? `${name}_${i}` : name,
    );
    names.forEach((name, i) => {
      const field = this.#field(name, i + 1 + random.below(2) * 100, message, scope);
      if (field !== undefined) message.field.push(field);
    });
    this.#oneofs(message);
    if (random.chance(40)) {
      const range = (start: number, end: number) =>
        create(DescriptorProto_ReservedRangeSchema, { start, end });
      message.reservedRange = [range(5000, 5001), range(6000, random.one([6010, 536870912]))];
      message.reservedName = ["gone", "lost"];
    }
    if (this.syntax !== "proto3" && random.chance(30))
      message.extensionRange = [create(DescriptorProto_ExtensionRangeSchema, { start: 1000, end: 2000 })];
    if (random.chance(20)) message.options = create(MessageOptionsSchema, { deprecated: true });
  }

  #field(
    name: string,
    number: number,
    message: DescriptorProto,
    scope: string,
  ): FieldDescriptorProto | undefined {
    const { random, syntax } = this;
    const jsonName = name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
    const base = { name, number, jsonName: random.chance(15) ? `${jsonName}$` : jsonName };
    if (random.chance(15)) return this.#map(base, message, scope);
    const label = random.chance(30)
      ? Label.REPEATED
      : syntax === "proto2" && random.chance(20)
        ? Label.REQUIRED
        : Label.OPTIONAL;
    const options = random.chance(20) ? { options: { deprecated: true } } : {};
    const kind = random.below(10);
    if (kind < 3) {
      const isDelimited = syntax === "editions" && random.chance(40);
      const features = isDelimited
        ? { options: { features: { messageEncoding: FeatureSet_MessageEncoding.DELIMITED } } }
        : options;
      return create(FieldDescriptorProtoSchema, {
        ...base,
        label,
        type: Type.MESSAGE,
        typeName: this.#message(),
        ...features,
      });
    }
    if (kind < 5) {
      const { name: typeName, values, zeroFirst } = random.one(this.enums);
      // Where presence is implicit, the first value is 0.
      if (!zeroFirst && syntax !== "proto2") return undefined;
      const isDefaulted = syntax === "proto2" && label === Label.OPTIONAL && random.chance(50);
      return create(FieldDescriptorProtoSchema, {
        ...base,
        label,
        type: Type.ENUM,
        typeName,
        ...options,
        ...(isDefaulted ? { defaultValue: values[0]! } : {}),
      });
    }
    const type = random.one(SCALARS);
    const isDefaulted = syntax === "proto2" && label === Label.OPTIONAL && random.chance(50);
    const isImplicit = syntax === "editions" && label === Label.OPTIONAL && random.chance(40);
    const presence = { options: { features: { fieldPresence: FeatureSet_FieldPresence.IMPLICIT } } };
    return create(FieldDescriptorProtoSchema, {
      ...base,
      label,
      type,
      ...(isImplicit ? presence : options),
      ...(isDefaulted ? { defaultValue: defaultOf(type, random) } : {}),
    });
  }

  #map(
    base: { name: string; number: number; jsonName: string },
    message: DescriptorProto,
    scope: string,
  ): FieldDescriptorProto | undefined {
    const camel = base.name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
    const name = `${camel.charAt(0).toUpperCase()}${camel.slice(1)}Entry`;
    if (!/^[A-Z]/.test(name) || message.nestedType.some((nested) => nested.name === name)) return undefined;
    const { random } = this;
    const part = (part: string, number: number, type: Type, typeName = "") =>
      create(FieldDescriptorProtoSchema, {
        name: part,
        number,
        jsonName: part,
        label: Label.OPTIONAL,
        type,
        ...(typeName === "" ? {} : { typeName }),
      });
    const value = random.chance(40)
      ? part("value", 2, Type.MESSAGE, this.#message())
      : part("value", 2, random.one(SCALARS));
    message.nestedType.push(
      create(DescriptorProtoSchema, {
        name,
        field: [part("key", 1, random.one(KEYS)), value],
        options: { mapEntry: true },
      }),
    );
    return create(FieldDescriptorProtoSchema, {
      ...base,
      label: Label.REPEATED,
      type: Type.MESSAGE,
      typeName: `.${scope}.${name}`,
    });
  }

  /** Puts runs of singular fields into a oneof, and makes others of proto3 optional. */
  #oneofs(message: DescriptorProto): void {
    const { random, syntax } = this;
    const isPlain = (field: FieldDescriptorProto | undefined) =>
      field !== undefined &&
      field.label === Label.OPTIONAL &&
      field.options?.features === undefined &&
      !Object.hasOwn(field, "defaultValue");
    const start = message.field.findIndex((field, i) => isPlain(field) && isPlain(message.field[i + 1]));
    if (start >= 0 && random.chance(60)) {
      message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: "choice_" }));
      for (const field of message.field.slice(start, start + 2)) field.oneofIndex = 0;
    }
    if (syntax !== "proto3") return;
    for (const field of message.field) {
      if (
        field.label !== Label.OPTIONAL ||
        Object.hasOwn(field, "oneofIndex") ||
        field.type === Type.MESSAGE ||
        // Compilers name its oneof differently.
        field.name.startsWith("_") ||
        random.chance(60)
      )
        continue;
      field.proto3Optional = true;
      field.oneofIndex = message.oneofDecl.length;
      message.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: `_${field.name}` }));
    }
  }

  #message(): string {
    return this.random.one(this.messages);
  }
}

const SCALARS = [
  Type.DOUBLE,
  Type.FLOAT,
  Type.INT64,
  Type.UINT64,
  Type.INT32,
  Type.FIXED64,
  Type.FIXED32,
  Type.BOOL,
  Type.STRING,
  Type.BYTES,
  Type.UINT32,
  Type.SFIXED32,
  Type.SFIXED64,
  Type.SINT32,
  Type.SINT64,
];
const KEYS = [Type.INT32, Type.SINT64, Type.FIXED32, Type.BOOL, Type.STRING, Type.UINT64];

function defaultOf(type: Type, random: Random): string {
  switch (type) {
    case Type.STRING:
      return random.one(TEXTS);
    case Type.BYTES:
      return random.one(["", "\\000\\377", 'a\\"b', "\\\\"]);
    case Type.BOOL:
      return random.one(["true", "false"]);
    case Type.FLOAT:
    case Type.DOUBLE:
      return random.one(["inf", "-inf", "nan", "1.5", "-3", "1e+100".slice(0, type === Type.DOUBLE ? 6 : 1)]);
    default:
      return /UINT|FIXED/.test(Type[type]) && !/SFIXED/.test(Type[type])
        ? "7"
        : random.one(["-1", "0", "2147483647"]);
  }
}
