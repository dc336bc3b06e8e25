import type { Conversion, EnumPlan } from "../../plan/types.js";
import type { Field, Scalar } from "../../source/model.js";
import { drops } from "../analysis.js";
import { type Code, numberText, quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { EGROUP, I32, I64, LEN, SGROUP, scalarOf, tagOf, VARINT, wireOf, wireOfScalar } from "../wire.js";
import { maskTable } from "./mask.js";
import type { TranslatorEmitter } from "./translator.js";

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

  /** The condition under which a singular value is there for its target; `isNested`: in a message inside the target. */
  condition({ field, at, reader }: Found, target: Field, conversion: Conversion, isNested = false): string {
    const there = `${at} !== 0`;
    if (field === undefined || field.presence !== "implicit" || field.type.kind === "message") return there;
    // A required field takes the zero that a field without presence always has.
    if (target.presence === "required" && !isNested) return there;
    // Implicit into explicit presence (its own, or that of a message around it): zero is unset, even if on the wire.
    const gains =
      isNested ||
      target.cardinality !== "singular" ||
      target.presence !== "implicit" ||
      conversion.kind === "wrap";
    // What has no twin for zero must not be asked for one, since zero is as good as unset.
    const hasNoZero = conversion.kind === "enum" && twinOf(conversion.map, 0) === undefined;
    return gains || hasNoZero ? `${there} && ${nonZero(field, reader, at)}` : there;
  }

  /** What writes a scalar, enum, mask or the like; messages are the caller's. `packed`: within a packed field. */
  statements({ reader, at, field }: Found, target: Field, conversion: Conversion, packed = false): string[] {
    const { file } = this;
    const tag = packed ? "0" : String(tagOf(target));
    switch (conversion.kind) {
      case "scalar":
        if (conversion.from === conversion.to) return [`w.${copyCall(target)}(${tag}, ${reader}, ${at});`];
        return [
          `${file.use("convert")}(w, ${tag}, ${quote(conversion.to)}, ${reader}, ${at}, ${quote(conversion.from)});`,
        ];
      case "enum": {
        const value = this.mapEnum({ reader, at, field: undefined }, conversion.map);
        if (conversion.map.otherwise !== "ignore") return [`w.int32(${tag}, ${value});`];
        return [`const value = ${value};`, `if (value !== undefined) w.int32(${tag}, value);`];
      }
      case "wrap":
        return this.#wrap(tag, reader, at, target, conversion.scalar);
      case "unwrap":
        return [`${file.use("unwrap")}(w, ${tag}, ${reader}, ${at}, ${quote(conversion.scalar)});`];
      case "mask":
        return [
          `${file.use("translateMask")}(w, ${tag}, ${reader}, ${at}, ${maskTable(file, conversion.subject, field?.name ?? "mask")});`,
        ];
      case "any":
        return [
          `${file.use("translateAny")}(w, ${tag}, ${reader}, ${at}, ${this.owner.anyTypes(conversion.types)});`,
        ];
      default:
        throw new Error(`${conversion.kind} is not written as a value`);
    }
  }

  #wrap(tag: string, reader: string, at: string, target: Field, scalar: Scalar): string[] {
    const copy = `w.${copyOf(scalar, true)}(${8 + wireOfScalar(scalar)}, ${reader}, ${at});`;
    if (wireOf(target) === SGROUP) return [`w.tag(${tag});`, copy, `w.tag(${tagOf(target, EGROUP)});`];
    return [`const wrapper = w.open(${tag}, 8);`, copy, "w.close(wrapper);"];
  }

  /** The number of the value at `at` in the other enum; with a `field`, `at` may be 0: its default. */
  mapEnum({ reader, at, field }: Found, map: EnumPlan): string {
    const call = this.file.enumMap(map, this.owner.direction);
    const number = `${reader}.int32At(${at})`;
    const value = field === undefined ? number : `${at} === 0 ? ${defaultOf(field)} : ${number}`;
    return `${call}(${map.otherwise === "invalid" ? `${reader}, ` : ""}${value})`;
  }

  /** Writes a message that a translator makes: `open` opens the reader on it. */
  message(code: Code, target: Field, open: string, conversion: Conversion & { kind: "message" }): void {
    const { owner } = this;
    const { translator } = conversion;
    const isDropping = drops(translator);
    const grouped = wireOf(target) === SGROUP;
    if (isDropping) code.line("const mark = w.pos;");
    const isVariable = /^\w+$/.test(open);
    const source = isVariable ? open : "inner";
    if (!isVariable) code.line(`const inner = ${open};`);
    if (grouped) code.line(`w.tag(${tagOf(target, SGROUP)});`);
    else code.line(`const message = w.open(${tagOf(target)}, ${source}.size);`);
    const call = owner.call(translator, source);
    const close = grouped ? `w.tag(${tagOf(target, EGROUP)});` : "w.close(message);";
    if (isDropping) {
      code.branches([
        { condition: call, body: [close] },
        { condition: undefined, body: ["w.rewind(mark);"] },
      ]);
      return;
    }
    code.line(`${call};`);
    code.line(close);
  }

  /** What is done where a required field has no value: it takes the zero of a field without presence, or is refused. */
  missingRequired({ field, reader }: Found, target: Field): string {
    if (field?.presence === "implicit" && target.type.kind === "scalar") {
      const type = scalarOf(target);
      const tag = tagOf(target);
      if (type === "double") return `w.double(${tag}, 0);`;
      if (type === "float") return `w.fixed32(${tag}, 0);`;
      const zero = type === "string" || type === "bytes" ? '""' : "0";
      return `${this.file.use("writeKey")}(w, ${tag}, ${quote(type)}, ${zero});`;
    }
    return `${reader}.malformed("a required field is not set");`;
  }

  /**
   * What writes, into a field without presence, the default of one that has it (or the twin of an enum's zero); undefined
   * where the target's own default says the same.
   */
  lostDefault(field: Field, target: Field, conversion: Conversion): string | undefined {
    if (target.presence !== "implicit" || target.cardinality !== "singular") return undefined;
    if (conversion.kind === "enum") {
      const twin = twinOf(conversion.map, defaultOf(field));
      return twin === undefined || twin === 0 ? undefined : `w.int32(${tagOf(target)}, ${twin});`;
    }
    const { desc } = field;
    if (field.presence === "implicit" || desc?.fieldKind !== "scalar") return undefined;
    const value = desc.getDefaultValue();
    if (value === undefined || conversion.kind !== "scalar") return undefined;
    return this.#literal(tagOf(target), conversion.to, value);
  }

  #literal(
    tag: number,
    type: Scalar,
    value: string | number | bigint | boolean | Uint8Array,
  ): string | undefined {
    if (value instanceof Uint8Array) {
      const text = Buffer.from(value).toString("latin1");
      return text === "" ? undefined : `w.latin1(${tag}, ${quote(text)});`;
    }
    if (type === "string") return value === "" ? undefined : `w.text(${tag}, ${quote(String(value))});`;
    // A negative zero is a value of its own.
    if (Object.is(Number(value), 0)) return undefined;
    if (type === "double") return `w.double(${tag}, ${numberText(Number(value))});`;
    if (type === "float") return `w.fixed32(${tag}, ${floatBits(Number(value))});`;
    const text = typeof value === "boolean" ? "1" : String(value);
    const isSafe = Number.isSafeInteger(Number(text));
    return `${this.file.use("writeKey")}(w, ${tag}, ${quote(type)}, ${isSafe ? text : `${text}n`});`;
  }
}

/** The number that a field of an enum has where it is not set. */
function defaultOf(field: Field): number {
  const said = field.desc?.fieldKind === "enum" ? field.desc.getDefaultValue() : undefined;
  return said ?? (field.type.kind === "enum" ? (field.type.enum.values[0]?.number ?? 0) : 0);
}

/** What a known number becomes. */
function twinOf(map: EnumPlan, number: number): number | undefined {
  return map.numbers.find(([from]) => from === number)?.[1];
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
