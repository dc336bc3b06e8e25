import type { DescEnum } from "@bufbuild/protobuf";
import type { CelType } from "../../expression/types.js";
import type { ReadPlan } from "../../plan/types.js";
import type { Field, Message, Scalar } from "../../source/model.js";
import { entryFields, wrapped } from "../../source/shapes.js";
import { Code, quote } from "../code.js";
import { WIDTH } from "../layout.js";
import { messageShort, Names, pascal } from "../names.js";

/** "given": as hand-written code gets it; "taken": as it gives it, where what is left out stays unset. */
export type Side = "given" | "taken";

const SCALARS: Readonly<Record<Scalar, string>> = {
  double: "number", float: "number", int32: "number", uint32: "number", sint32: "number", fixed32: "number",
  sfixed32: "number", int64: "bigint", uint64: "bigint", sint64: "bigint", fixed64: "bigint", sfixed64: "bigint",
  bool: "boolean", string: "string", bytes: "Uint8Array",
}; // biome-ignore format: a table

/** Messages whose values have types of their own. */
const KNOWN: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": "Time",
  "google.protobuf.Duration": "Time",
  "google.protobuf.Struct": "ReadonlyMap<string, Json>",
  "google.protobuf.ListValue": "readonly Json[]",
  "google.protobuf.Value": "Json",
};

/** The TypeScript types of messages, as hand-written code sees them: each is printed once. */
export class PlainTypes {
  readonly #names: Names;
  readonly #made = new Map<string, string>();
  readonly codes: Code[] = [];
  /** What the types use of the runtime. */
  readonly used = new Set<string>();

  constructor(
    taken: readonly string[],
    /** Fields that hand-written code is not given. */
    readonly omits: (field: Field) => boolean,
  ) {
    this.#names = new Names(taken);
  }

  /** A name for something else in the file. */
  unique(wanted: string): string {
    return this.#names.unique(wanted);
  }

  message(message: Message, side: Side): string {
    const key = `${side} ${message.typeName}`;
    let name = this.#made.get(key);
    if (name !== undefined) return name;
    name = this.#names.unique(pascal(`${messageShort(message)}${side === "taken" ? "_init" : ""}`));
    this.#made.set(key, name);
    const code = new Code();
    this.codes.push(code);
    code.line(`/** ${message.typeName}${side === "taken" ? ", as it is given" : ""} */`);
    code.block(`export interface ${name} {`, () => {
      for (const field of message.fields) {
        if (side === "given" && this.omits(field)) continue;
        code.line(this.#property(field, side));
      }
    });
    return name;
  }

  #property(field: Field, side: Side): string {
    const name = field.desc?.localName ?? field.name;
    const type = this.field(field, side);
    if (side === "taken")
      return field.presence === "required"
        ? `readonly ${name}: ${type};`
        : `readonly ${name}?: ${type} | undefined;`;
    const isThere = field.cardinality !== "singular" || field.presence === "implicit";
    return `readonly ${name}${isThere ? "" : "?"}: ${type};`;
  }

  /** The type of a field's values. */
  field(field: Field, side: Side): string {
    if (field.cardinality === "map") {
      const [key, value] = entryFields(field);
      return `ReadonlyMap<${this.#one(key, side)}, ${this.#one(value, side)}>`;
    }
    const one = this.#one(field, side);
    return field.cardinality === "repeated" ? listOf(one) : one;
  }

  #one({ type }: Field, side: Side): string {
    if (type.kind === "scalar") return SCALARS[type.scalar];
    return type.kind === "enum" ? this.#enum(type.enum) : this.#message(type.message, side);
  }

  #message(message: Message, side: Side): string {
    const wraps = wrapped(message);
    if (wraps !== undefined) return SCALARS[wraps];
    const known = KNOWN[message.typeName];
    if (known === undefined) return this.message(message, side);
    this.used.add(known.includes("Json") ? "Json" : known);
    return known;
  }

  /** The names of its values; what an open enum has beside them is a number in digits. */
  #enum(desc: DescEnum): string {
    let name = this.#made.get(desc.typeName);
    if (name !== undefined) return name;
    const short = desc.typeName.slice(desc.file.proto.package.length).replace(/^\./, "");
    name = this.#names.unique(pascal(short.replaceAll(".", "_")));
    this.#made.set(desc.typeName, name);
    const code = new Code();
    this.codes.push(code);
    const numbers = new Map(desc.values.toReversed().map((value) => [value.number, quote(value.name)]));
    const values = desc.values.map((value) => numbers.get(value.number)!);
    const all = [...new Set(values), ...(desc.open ? [`\`\${number}\``] : [])];
    code.line(`/** ${desc.typeName}, by the names of its values */`);
    const line = `export type ${name} = ${all.join(" | ")};`;
    if (line.length <= WIDTH) code.line(line);
    else {
      code.line(`export type ${name} =`);
      for (const value of all) code.line(`  | ${value}${value === all.at(-1) ? ";" : ""}`);
    }
    return name;
  }

  /** The type of what a resolver reads. */
  read({ type, field }: ReadPlan): string {
    if (field === undefined) return this.#cel(type);
    const one = this.field(field, "given");
    // A path through the rows of a join gives the field of each.
    return type.kind === "list" && field.cardinality === "singular" && !isListValue(field)
      ? listOf(one)
      : one;
  }

  #cel(type: CelType): string {
    switch (type.kind) {
      case "message":
        return this.message(type.message, "given");
      case "list":
        return listOf(this.#cel(type.element));
      case "map":
        return `ReadonlyMap<${this.#cel(type.key)}, ${this.#cel(type.value)}>`;
      case "wrapper":
        return this.#cel(type.of);
      case "enum":
        return this.#enum(type.enum);
      case "timestamp":
      case "duration":
        this.used.add("Time");
        return "Time";
      case "int":
      case "uint":
        return "bigint";
      case "double":
        return "number";
      case "bool":
        return "boolean";
      case "string":
        return "string";
      case "bytes":
        return "Uint8Array";
      default:
        return "unknown";
    }
  }
}

function isListValue({ type }: Field): boolean {
  return type.kind === "message" && type.message.typeName === "google.protobuf.ListValue";
}

function listOf(type: string): string {
  return `readonly ${/[ |]/.test(type) && !type.startsWith("ReadonlyMap<") ? `(${type})` : type}[]`;
}
