import type { At, Reader } from "../wire/reader.js";
import { load, type Scalar } from "../wire/scalar.js";
import { CelMap } from "./map.js";
import { Uint, type Value } from "./value.js";
import type { ViewType } from "./view.js";

/** How a scalar is encoded. */
export type Encoding = Exclude<Scalar, "enum">;

/** What a field holds, as an expression reads it. */
export type Kind =
  | Encoding
  | "timestamp"
  | "duration"
  /** google.protobuf.Struct, ListValue and Value */
  | "struct"
  | "list"
  | "value"
  /** An enum, by the names of its values; `first` is the number of an unset one. */
  | {
      readonly is: "enum";
      readonly names: Readonly<Record<number, string>>;
      readonly first: number;
      readonly closed?: true;
    }
  | { readonly is: "message"; readonly of: () => ViewType }
  /** A google.protobuf wrapper: null where it is not set. */
  | { readonly is: "wrapper"; readonly wraps: Encoding };

const VARINTS = ["int64", "uint64", "int32", "bool", "uint32", "sint32", "sint64"];
const FIXED64 = ["double", "fixed64", "sfixed64"];
const FIXED32 = ["float", "fixed32", "sfixed32"];

/** The wire type of one value. */
export function wireOf(kind: Kind): number {
  if (typeof kind === "object") return kind.is === "enum" ? 0 : 2;
  if (VARINTS.includes(kind)) return 0;
  if (FIXED64.includes(kind)) return 1;
  return FIXED32.includes(kind) ? 5 : 2;
}

/** The value at `at`; at 0 the zero of its type. */
export function elementOf(r: Reader, at: At, kind: Encoding): Value {
  switch (kind) {
    case "string":
      return at === 0 ? "" : r.textAt(at);
    case "bytes": {
      if (at === 0) return new Uint8Array(0);
      const start = r.startAt(at);
      return r.buffer.slice(start, start + r.lengthAt(at));
    }
    case "bool":
      return at !== 0 && r.nonZero64At(at);
    case "double":
      return at === 0 ? 0 : r.viewAt(at, 8).getFloat64(at, true);
    case "float":
      return at === 0 ? 0 : r.viewAt(at, 4).getFloat32(at, true);
    default: {
      const value = at === 0 ? 0n : integer(r, at, kind);
      return kind.startsWith("u") || kind.startsWith("f") ? new Uint(BigInt.asUintN(64, value)) : value;
    }
  }
}

function integer(r: Reader, at: At, kind: Encoding): bigint {
  load(r, at, kind);
  const { lo, hi } = r;
  if (hi === lo >> 31) return BigInt(lo);
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

/** A google.protobuf.Struct, ListValue or Value as JSON values. Depth is bounded as that of all messages is. */
export function structOf(r: Reader, at: At, kind: "struct" | "list" | "value"): Value {
  if (at === 0 && kind === "value") return null;
  r.enter(at);
  const { end } = r;
  const pairs: Array<readonly [Value, Value]> = [];
  const elements: Value[] = [];
  let member: Member = { tag: 0, at: 0 };
  while (r.pos < end) {
    const tag = r.tag();
    if (kind === "value") {
      const next = valueMember(r, tag, member);
      if (next === undefined) r.skip(tag);
      else member = next;
    } else if (tag === 10) {
      const at = r.message(0);
      const after = r.pos;
      if (kind === "list") elements.push(structOf(r, at, "value"));
      else pairs.push(entryOf(r, at));
      r.pos = after;
    } else r.skip(tag);
  }
  r.close(end);
  const made =
    kind === "value" ? heldValue(r, member) : kind === "list" ? elements : new CelMap(pairs, "last");
  r.leave(end);
  return made;
}

function entryOf(r: Reader, at: At): readonly [Value, Value] {
  const { end } = r.enter(at);
  let key: At = 0;
  let value: At = 0;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag === 10) key = r.bytes();
    else if (tag === 18) value = r.message(value);
    else r.skip(tag);
  }
  r.close(end);
  const pair = [elementOf(r, key, "string"), structOf(r, value, "value")] as const;
  r.leave(end);
  return pair;
}

/** What a google.protobuf.Value holds: the tag of its member, and where that is. */
interface Member {
  readonly tag: number;
  readonly at: At;
}

/** The member of a google.protobuf.Value that a tag begins: of a message that comes in pieces, all pieces so far. */
function valueMember(r: Reader, tag: number, before: Member): Member | undefined {
  switch (tag) {
    case 8:
    case 32:
      return { tag, at: r.varint() };
    case 17:
      return { tag, at: r.fixed64() };
    case 26:
      return { tag, at: r.bytes() };
    case 42:
    case 50:
      return { tag, at: r.message(before.tag === tag ? before.at : 0) };
    default:
      return undefined;
  }
}

function heldValue(r: Reader, { tag, at }: Member): Value {
  switch (tag) {
    case 17:
      return elementOf(r, at, "double");
    case 26:
      return elementOf(r, at, "string");
    case 32:
      return elementOf(r, at, "bool");
    case 42:
      return structOf(r, at, "struct");
    case 50:
      return structOf(r, at, "list");
    default:
      return null;
  }
}
