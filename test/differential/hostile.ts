import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Random numbers that a seed repeats. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0, below `n`. */
  below(n: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

export interface HostileOptions {
  /** How often an enum is a number that it does not have, in percent. */
  readonly unknownEnums: number;
  /** Fields that most messages have. */
  readonly often?: (field: DescField) => boolean;
  /** Bytes of a message whose text has to make sense; undefined for others. */
  readonly message?: (desc: DescMessage, random: Random) => Uint8Array | undefined;
}

/**
 * Valid bytes of a message as no friendly encoder writes them: fields in any order and again, sub-messages in pieces,
 * lists partly packed, several members of a oneof, map keys twice or not at all, wide varints, unknown fields.
 */
export function hostile(desc: DescMessage, random: Random, options: HostileOptions, depth = 0): Uint8Array {
  const said = options.message?.(desc, random);
  if (said !== undefined) return said;
  const w = new BinaryWriter();
  if (desc.fields.length === 0 && random.chance(50)) unknown(w, random);
  // Large messages have few of their fields each time, so that the cases stay small.
  const count = random.below(depth === 0 ? 14 : depth > 3 ? 2 : 5);
  for (let i = 0; i < count && desc.fields.length > 0; i++) {
    if (random.chance(12)) unknown(w, random);
    // A field just written comes again: split, overwritten, or a sibling's turn.
    const field = random.pick(desc.fields);
    for (let times = random.chance(25) ? 2 + random.below(2) : 1; times > 0; times--)
      one(w, field, random, options, depth);
  }
  if (options.often !== undefined && depth < 5)
    for (const field of desc.fields)
      if (options.often(field) && random.chance(60)) one(w, field, random, options, depth);
  // Required fields have to be there.
  for (const field of desc.fields)
    if (field.proto.label === 2)
      w.raw(wideTag(field.number, 0)).raw(varint(random, BigInt(random.below(1000))));
  return w.finish();
}

function one(
  w: BinaryWriter,
  field: DescField,
  random: Random,
  options: HostileOptions,
  depth: number,
): void {
  switch (field.fieldKind) {
    case "scalar":
      w.raw(wideTag(field.number, wireOf(field.scalar))).raw(scalar(random, field.scalar));
      return;
    case "enum":
      w.raw(wideTag(field.number, 0)).raw(enumValue(random, field.enum, options));
      return;
    case "message":
      framed(w, field, hostile(field.message, random, options, depth + 1));
      return;
    case "list":
      list(w, field, random, options, depth);
      return;
    case "map": {
      const parts: Uint8Array[] = [];
      const key = () => parts.push(concat(wideTag(1, wireOf(field.mapKey)), mapKey(random, field.mapKey)));
      const value = () => {
        if (field.mapKind === "scalar")
          parts.push(concat(wideTag(2, wireOf(field.scalar)), scalar(random, field.scalar)));
        else if (field.mapKind === "enum") {
          // The reference's decoder keeps numbers that a closed enum does not have: see map-entries.test.ts instead.
          const known = field.enum.open ? options : { unknownEnums: 0 };
          parts.push(concat(wideTag(2, 0), enumValue(random, field.enum, known)));
        } else
          parts.push(concat(wideTag(2, 2), lengthed(hostile(field.message, random, options, depth + 2))));
      };
      for (let n = random.below(3); n > 0; n--) random.chance(50) ? key() : value();
      if (random.chance(70)) key();
      if (random.chance(70)) value();
      if (random.chance(10)) {
        const extra = new BinaryWriter();
        unknown(extra, random);
        parts.push(extra.finish());
      }
      w.raw(wideTag(field.number, 2)).raw(lengthed(concat(...parts)));
    }
  }
}

function list(
  w: BinaryWriter,
  field: DescField & { fieldKind: "list" },
  random: Random,
  options: HostileOptions,
  depth: number,
): void {
  if (field.listKind === "message") {
    framed(w, field, hostile(field.message, random, options, depth + 1));
    return;
  }
  const type = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  const element = () =>
    field.listKind === "enum" ? enumValue(random, field.enum, options) : scalar(random, field.scalar);
  const packable = type !== ScalarType.STRING && type !== ScalarType.BYTES;
  if (packable && random.chance(50)) {
    const elements = Array.from({ length: random.below(4) }, element);
    w.raw(wideTag(field.number, 2)).raw(lengthed(concat(...elements)));
  } else w.raw(wideTag(field.number, wireOf(type))).raw(element());
}

function framed(w: BinaryWriter, field: DescField, content: Uint8Array): void {
  const delimited =
    (field.fieldKind === "message" || (field.fieldKind === "list" && field.listKind === "message")) &&
    field.delimitedEncoding;
  if (delimited) w.raw(wideTag(field.number, 3)).raw(content).raw(wideTag(field.number, 4));
  else w.raw(wideTag(field.number, 2)).raw(lengthed(content));
}

// Numbers that none of the schemas has.
const UNKNOWN = [777, 40_000, 300_000_000, 536_870_000];

function unknown(w: BinaryWriter, random: Random, depth = 0): void {
  const number = random.pick(UNKNOWN);
  switch (random.below(depth > 2 ? 4 : 5)) {
    case 0:
      w.tag(number, WireType.Varint).raw(varint(random, BigInt(random.below(1000))));
      return;
    case 1:
      w.tag(number, WireType.Bit64).double(random.below(10));
      return;
    case 2:
      w.tag(number, WireType.Bit32).float(random.below(10));
      return;
    case 3:
      w.tag(number, WireType.LengthDelimited).bytes(
        Uint8Array.from({ length: random.below(20) }, () => random.below(256)),
      );
      return;
    default:
      w.tag(number, WireType.StartGroup);
      for (let n = random.below(3); n > 0; n--) unknown(w, random, depth + 1);
      w.tag(number, WireType.EndGroup);
  }
}

const INTERESTING = [
  0n,
  0n,
  1n,
  -1n,
  127n,
  128n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const TEXTS = ["", "", "a", "b", "é", "𝄞 music", "x".repeat(60), "y".repeat(130), "constructor", "__proto__"];
const DOUBLES = [0, -0, 1.5, -1e300, Number.NaN, Number.POSITIVE_INFINITY, 5e-324];

function scalar(random: Random, type: ScalarType): Uint8Array {
  const w = new BinaryWriter();
  switch (type) {
    case ScalarType.DOUBLE:
      return w.double(random.pick(DOUBLES)).finish();
    case ScalarType.FLOAT:
      return w.float(Math.fround(random.pick([0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]))).finish();
    case ScalarType.STRING:
      return w.string(random.pick(TEXTS)).finish();
    case ScalarType.BYTES:
      return w.bytes(Uint8Array.from({ length: random.below(5) }, () => random.below(256))).finish();
    case ScalarType.BOOL:
      return varint(random, BigInt(random.pick([0, 1, 1, 2, 300])));
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return w.fixed32(Number(BigInt.asUintN(32, random.pick(INTERESTING)))).finish();
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return w.fixed64(BigInt.asUintN(64, random.pick(INTERESTING))).finish();
    default:
      return varint(random, random.pick(INTERESTING));
  }
}

/** Few of them, so that they come again. */
function mapKey(random: Random, type: ScalarType): Uint8Array {
  if (type === ScalarType.STRING)
    return new BinaryWriter().string(random.pick(["", "k", "é", "__proto__"])).finish();
  if (type === ScalarType.BOOL) return varint(random, BigInt(random.below(3)));
  return scalar(random, type);
}

function enumValue(random: Random, desc: DescEnum, { unknownEnums }: HostileOptions): Uint8Array {
  const known = random.pick(desc.values).number;
  // In objects, this one is null: its number is not kept.
  if (desc.typeName === "google.protobuf.NullValue") return varint(random, 0n);
  return varint(random, BigInt(random.chance(unknownEnums) ? random.pick([77, -3, 2 ** 31 - 1]) : known));
}

/** A varint, at times in more bytes than it needs. */
function varint(random: Random, value: bigint): Uint8Array {
  const bytes: number[] = [];
  const width = random.chance(15) ? 1 + random.below(10) : 1;
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n || bytes.length < width - 1) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function wireOf(type: ScalarType): number {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 2;
    default:
      return 0;
  }
}

function wideTag(number: number, wire: number): Uint8Array {
  return new BinaryWriter().tag(number, wire as WireType).finish();
}

function lengthed(content: Uint8Array): Uint8Array {
  return new BinaryWriter().bytes(content).finish();
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Bytes with a few of them flipped, cut off or put in. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = [...bytes];
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(result.length + 1);
    switch (random.below(5)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1:
        result.splice(at, 0, random.below(256));
        break;
      case 2:
        result.splice(at, 1 + random.below(3));
        break;
      case 3:
        result.splice(at, 1, random.pick([0, 0x7f, 0x80, 0xff]));
        break;
      default:
        if (at < result.length) result[at] = result[at]! ^ (1 << random.below(8));
    }
  }
  return Uint8Array.from(result);
}
