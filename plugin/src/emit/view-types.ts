import { fieldType } from "../expression/field-type.js";
import type { CelType } from "../expression/types.js";
import { isMarkedInternal } from "../plan/context.js";
import type { Field, Message, Scalar } from "../source/model.js";
import { entryFields, WRAPPERS } from "../source/shapes.js";
import { Code, numberText, quote } from "./code.js";
import type { FileScope } from "./file-scope.js";
import { camel, messageShort } from "./names.js";
import { tagOf } from "./wire.js";

export interface ViewTypesOptions {
  /** What the constants are called behind the name of the message. */
  readonly suffix: string;
  /** What the comment above them says. */
  readonly about: string;
  /** Fields that are left out of messages that are read whole. */
  readonly omits?: (field: Field) => boolean;
  /** Whether messages are written by them: then it counts which fields have to be there. */
  readonly isWritten?: boolean;
}

const EXPRESSIONS: ViewTypesOptions = { suffix: "view", about: "What expressions read of" };

/** What the expressions of a file read of each message: printed last, when all is known. */
export class ViewTypes {
  readonly #types = new Map<Message, { readonly name: string; readonly fields: Set<Field> }>();
  readonly #whole = new Set<Message>();

  constructor(
    readonly file: FileScope,
    readonly options = EXPRESSIONS,
  ) {}

  /** The constant for a message. */
  type(message: Message): string {
    let type = this.#types.get(message);
    if (type === undefined) {
      this.file.use("cel");
      type = {
        name: this.file.names.unique(camel(`${messageShort(message)}_${this.options.suffix}`)),
        fields: new Set(),
      };
      this.#types.set(message, type);
    }
    return type.name;
  }

  /** Notes that an expression reads a field. */
  read(field: Field): void {
    this.type(field.parent);
    this.#types.get(field.parent)!.fields.add(field);
    const inner = messageIn(field);
    if (inner !== undefined) this.type(inner);
  }

  /** Notes that a message is compared as a whole, or read by names that are known only at run time. */
  readAll(message: Message): void {
    this.type(message);
    if (this.#whole.has(message)) return;
    this.#whole.add(message);
    for (const field of message.fields) {
      if (this.options.omits?.(field)) continue;
      this.read(field);
      const inner = messageIn(field);
      if (inner !== undefined) this.readAll(inner);
    }
  }

  /** The constant for a message that is read, or written, whole. */
  whole(message: Message): string {
    this.readAll(message);
    return this.type(message);
  }

  /** What a field, or an element of it, holds; messages in it are read, or written, whole. */
  kind(field: Field): string {
    const inner = messageIn(field);
    if (inner !== undefined) this.readAll(inner);
    return this.#kind(field.cardinality === "map" ? entryFields(field)[1] : field);
  }

  /** A field that is written by itself. */
  field(field: Field): string {
    this.kind(field);
    return this.#field(field, [field]);
  }

  print(): Code[] {
    return [...this.#types].map(([message, { name, fields }]) => {
      const code = new Code();
      code.line(`/** ${this.options.about} ${message.typeName} */`);
      code.block(`const ${name}: cel.ViewType = {`, () => {
        code.line(`name: ${quote(message.typeName)},`);
        const sorted = [...fields].sort((a, b) => a.number - b.number);
        code.line(`fields: [${sorted.map((field) => this.#field(field, sorted)).join(", ")}],`);
        const siblings = siblingsOf(message, sorted);
        if (siblings.length > 0) code.line(`siblings: [${siblings.map((numbers) => `[${numbers.join(", ")}]`).join(", ")}],`);
      }, "};"); // biome-ignore format: short
      return code;
    });
  }

  #field(field: Field, all: readonly Field[]): string {
    const parts = [`number: ${field.number}`, `name: ${quote(field.name)}`];
    if (field.cardinality === "map") {
      const [key, value] = entryFields(field);
      parts.push(`kind: ${this.#kind(value)}`, `key: ${quote((key.type as { scalar: Scalar }).scalar)}`);
      if (isMarkedInternal(field)) parts.push("internal: true");
      return `{ ${parts.join(", ")} }`;
    }
    parts.push(`kind: ${this.#kind(field)}`);
    if (field.cardinality === "repeated") parts.push("list: true");
    if (field.delimited) parts.push("group: true");
    if (isMarkedInternal(field)) parts.push("internal: true");
    if (field.packed && this.options !== EXPRESSIONS) parts.push("packed: true");
    if (field.cardinality === "singular" && field.presence === "implicit") parts.push("implicit: true");
    if (field.presence === "required" && this.options.isWritten) parts.push("required: true");
    const preset = presetOf(field);
    if (preset !== undefined) parts.push(`preset: ${preset}`);
    const mates = all.filter(
      (other) => other !== field && other.oneof !== undefined && other.oneof === field.oneof,
    );
    if (mates.length > 0) parts.push(`oneof: [${mates.map(({ number }) => number).join(", ")}]`);
    return `{ ${parts.join(", ")} }`;
  }

  #kind({ type }: Field): string {
    if (type.kind === "scalar") return quote(type.scalar);
    if (type.kind === "enum") {
      const names = new Map(type.enum.values.toReversed().map(({ number, name }) => [number, name]));
      const entries = [...names]
        .sort(([a], [b]) => a - b)
        .map(([number, name]) => `${number < 0 ? `[${number}]` : number}: ${quote(name)}`);
      const first = type.enum.values[0]?.number ?? 0;
      return `{ is: "enum", names: { ${entries.join(", ")} }, first: ${first}${type.enum.open ? "" : ", closed: true"} }`;
    }
    const known = KNOWN[type.message.typeName];
    if (known !== undefined) return known;
    return `{ is: "message", of: () => ${this.type(type.message)} }`;
  }
}

const KNOWN: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": '"timestamp"',
  "google.protobuf.Duration": '"duration"',
  "google.protobuf.Struct": '"struct"',
  "google.protobuf.ListValue": '"list"',
  "google.protobuf.Value": '"value"',
  ...Object.fromEntries(
    [...WRAPPERS].map(([name, scalar]) => [name, `{ is: "wrapper", wraps: "${scalar}" }`]),
  ),
};

/** The message in a field, or in the values of a map, that is a message to expressions. */
function messageIn(field: Field): Message | undefined {
  const { type } = field.cardinality === "map" ? entryFields(field)[1] : field;
  return type.kind === "message" && KNOWN[type.message.typeName] === undefined ? type.message : undefined;
}

/** What an unset field is, where that is not the zero of its type. */
function presetOf({ desc, type, cardinality }: Field): string | undefined {
  if (cardinality !== "singular" || (desc?.fieldKind !== "scalar" && desc?.fieldKind !== "enum"))
    return undefined;
  const value = desc.getDefaultValue();
  if (value === undefined) return undefined;
  if (desc.fieldKind === "enum")
    return quote(desc.enum.values.find(({ number }) => number === value)?.name ?? String(value));
  if (value instanceof Uint8Array)
    return value.length === 0 ? undefined : `Uint8Array.of(${[...value].join(", ")})`;
  if (typeof value === "string") return value === "" ? undefined : quote(value);
  if (typeof value === "boolean") return value ? "true" : undefined;
  const { scalar } = type as { scalar: Scalar };
  if (scalar === "double" || scalar === "float")
    return Object.is(value, 0) ? undefined : numberText(Number(value));
  if (BigInt(value) === 0n) return undefined;
  return scalar.startsWith("u") || scalar.startsWith("f") ? `new cel.Uint(${value}n)` : `${value}n`;
}

/** Members of oneofs that nothing reads clear those that something does. */
function siblingsOf(message: Message, read: readonly Field[]): number[][] {
  return message.fields.flatMap((field) => {
    if (field.oneof === undefined || read.includes(field)) return [];
    const cleared = read.filter((other) => other.oneof === field.oneof).map(({ number }) => number);
    return cleared.length === 0 ? [] : [[tagOf(field), ...cleared]];
  });
}

const SIMPLE: Readonly<Partial<Record<CelType["kind"], string>>> = {
  int: "bigint", uint: "cel.Uint", double: "number", bool: "boolean", string: "string", enum: "string", bytes: "Uint8Array",
  null: "null", timestamp: "cel.Timestamp", duration: "cel.Duration", message: "cel.View",
}; // biome-ignore format: a table

/** The TypeScript type of a CEL type's values. */
export function typeScript(type: CelType): string {
  if (type.kind === "list") {
    const element = typeScript(type.element);
    return `readonly ${/[ |]/.test(element) ? `(${element})` : element}[]`;
  }
  if (type.kind === "map") return `cel.CelMap<${typeScript(type.key)}, ${typeScript(type.value)}>`;
  if (type.kind === "wrapper") return `${typeScript(type.of)} | null`;
  return SIMPLE[type.kind] ?? "cel.Value";
}

/** The TypeScript type of a field's values. */
export function fieldTypeScript(field: Field): string {
  return typeScript(fieldType(field, "name"));
}
