import type { Conversion, EnumPlan } from "../plan/types.js";
import type { Field } from "../source/model.js";
import { type Code, quote } from "./code.js";
import type { FileScope } from "./file-scope.js";
import { maskTable } from "./mask.js";
import type { Names } from "./names.js";
import type { TranslatorEmitter } from "./translator.js";
import { EGROUP, I32, I64, LEN, SGROUP, scalarOf, tagOf, VARINT, wireOf, wireOfScalar } from "./wire.js";

/** A value that a walk found: the variable that holds its offset, the reader it is in, and the field it is of. */
export interface Found {
  readonly reader: string;
  readonly at: string;
  /** Undefined for a root itself. */
  readonly field: Field | undefined;
}

/** Prints the statements that write values. */
export class ValueEmitter {
  constructor(
    readonly file: FileScope,
    readonly owner: TranslatorEmitter,
  ) {}

  /** The condition under which a singular value is there for its target. */
  condition(found: Found, target: Field, conversion: Conversion): string {
    const { field, at, reader } = found;
    const there = `${at} !== 0`;
    // Implicit into explicit presence: zero is unset, even if it is on the wire.
    const loses = field !== undefined && field.presence === "implicit" && field.type.kind !== "message";
    const gains =
      target.cardinality !== "singular" || target.presence !== "implicit" || conversion.kind === "wrap";
    if (!loses || !gains) return there;
    return `${there} && ${nonZero(field, reader, at)}`;
  }

  /** Writes a scalar, enum, mask or the like; messages are the caller's. */
  write(code: Code, tag: string, found: Found, target: Field, conversion: Conversion): void {
    for (const line of this.statements(tag, found, target, conversion)) code.line(line);
  }

  statements(tag: string, found: Found, target: Field, conversion: Conversion): string[] {
    const { file } = this;
    const { reader, at } = found;
    switch (conversion.kind) {
      case "scalar":
        if (conversion.from === conversion.to) return [`w.${copyCall(target)}(${tag}, ${reader}, ${at});`];
        return [
          `${file.use("convert")}(w, ${tag}, ${quote(conversion.to)}, ${reader}, ${at}, ${quote(conversion.from)});`,
        ];
      case "enum":
        return this.#enum(tag, reader, at, conversion.map);
      case "wrap": {
        const wire = wireOfScalar(conversion.scalar);
        const copy = copyOf(conversion.scalar, true);
        return [
          `const wrapper = w.open(${tag}, 8);`,
          `w.${copy}(${8 + wire}, ${reader}, ${at});`,
          "w.close(wrapper);",
        ];
      }
      case "unwrap":
        return [`${file.use("unwrap")}(w, ${tag}, ${reader}, ${at}, ${quote(conversion.scalar)});`];
      case "mask":
        return [
          `${file.use("translateMask")}(w, ${tag}, ${reader}, ${at}, ${maskTable(file, conversion.subject)});`,
        ];
      case "any":
        return [
          `${file.use("translateAny")}(w, ${tag}, ${reader}, ${at}, ${this.owner.anyTypes(conversion.types)});`,
        ];
      default:
        throw new Error(`${conversion.kind} is not written as a value`);
    }
  }

  #enum(tag: string, reader: string, at: string, map: EnumPlan): string[] {
    const call = this.file.enumMap(map, this.owner.direction);
    const value = `${call}(${map.otherwise === "invalid" ? `${reader}, ` : ""}${reader}.int32At(${at}))`;
    if (map.otherwise !== "ignore") return [`w.int32(${tag}, ${value});`];
    return [
      `const value = ${value};`,
      `if (value !== undefined) w.int32(${tag}, ${value});`.replace(`, ${value})`, ", value)"),
    ];
  }

  /** Writes a message that a translator makes: `open` opens the reader on it. */
  message(
    code: Code,
    target: Field,
    reader: string,
    open: string,
    conversion: Conversion & { kind: "message" },
    names: Names,
  ): void {
    const { owner } = this;
    const { translator } = conversion;
    const drops = owner.drops(translator);
    const grouped = wireOf(target) === SGROUP;
    const local = names.inner();
    if (drops) code.line(`const ${local.unique("mark")} = w.pos;`);
    const source = open === reader ? reader : local.unique("inner");
    if (open !== reader) code.line(`const ${source} = ${open};`);
    if (grouped) code.line(`w.tag(${tagOf(target, SGROUP)});`);
    else code.line(`const message = w.open(${tagOf(target)}, ${source}.size);`);
    const call = owner.call(translator, source);
    const close = grouped ? `w.tag(${tagOf(target, EGROUP)});` : "w.close(message);";
    if (drops) {
      code.line(`if (${call}) ${close}`);
      code.line("else w.rewind(mark);");
    } else {
      code.line(`${call};`);
      code.line(close);
    }
  }

  /** What a default that presence would lose is written by; undefined where there is none to write. */
  lostDefault(field: Field | undefined, target: Field): string | undefined {
    if (
      field?.desc === undefined ||
      field.presence === "implicit" ||
      target.presence !== "implicit" ||
      target.cardinality !== "singular"
    )
      return undefined;
    const desc = field.desc;
    if (desc.fieldKind !== "scalar" || field.oneof !== undefined) return undefined;
    const value = desc.getDefaultValue();
    if (value === undefined || value === "" || value === 0 || value === 0n || value === false)
      return undefined;
    if (value instanceof Uint8Array)
      return value.length === 0
        ? undefined
        : `w.latin1(${tagOf(target)}, ${quote(Buffer.from(value).toString("latin1"))});`;
    if (typeof value === "string" && scalarOf(target) === "string")
      return `w.text(${tagOf(target)}, ${quote(value)});`;
    const type = scalarOf(target);
    if (type === "double") return `w.double(${tagOf(target)}, ${number(Number(value))});`;
    if (type === "float") return `w.fixed32(${tagOf(target)}, ${floatBits(Number(value))}); // ${value}`;
    const text =
      typeof value === "bigint" || (typeof value === "string" && /^-?\d+$/.test(value))
        ? quote(String(value))
        : String(Number(value));
    return `${this.file.use("writeKey")}(w, ${tagOf(target)}, ${quote(type)}, ${text});`;
  }
}

function number(value: number): string {
  return Number.isNaN(value)
    ? "Number.NaN"
    : value === Number.POSITIVE_INFINITY
      ? "Number.POSITIVE_INFINITY"
      : value === Number.NEGATIVE_INFINITY
        ? "Number.NEGATIVE_INFINITY"
        : String(value);
}

function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getInt32(0);
}

/** The call on a Writer that copies a value of the target's type. */
function copyCall(target: Field): string {
  return copyOf(scalarOf(target), target.utf8);
}

function copyOf(scalar: string, utf8: boolean): string {
  if (scalar === "string") return utf8 ? "copyString" : "copyBytes";
  if (scalar === "bytes") return "copyBytes";
  const wire = wireOfScalar(scalar as Parameters<typeof wireOfScalar>[0]);
  return wire === VARINT ? "copyVarint" : wire === I64 ? "copyFixed64" : "copyFixed32";
}

/** The test that a value is not its type's zero. */
export function nonZero(field: Field, reader: string, at: string): string {
  switch (wireOf(field)) {
    case LEN:
      return `${reader}.lengthAt(${at}) !== 0`;
    case I64:
      return `${reader}.nonZeroFixedAt(${at}, 8)`;
    case I32:
      return `${reader}.nonZeroFixedAt(${at}, 4)`;
    default: {
      const wide = ["int64", "uint64", "sint64", "bool"].includes(scalarOf(field));
      return wide ? `${reader}.nonZero64At(${at})` : `${reader}.int32At(${at}) !== 0`;
    }
  }
}
