import { ByteKey } from "./byte-key.js";
import type { At, Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** The scalar types of protobuf, and "enum". */
export type Scalar =
  | "double" | "float" | "int64" | "uint64" | "int32" | "fixed64" | "fixed32" | "bool"
  | "string" | "bytes" | "uint32" | "sfixed32" | "sfixed64" | "sint32" | "sint64" | "enum"; // biome-ignore format: a table

/** Writes the value of type `from` at `at` as one of type `to`, which can hold all values of `from`. */
export function convert(w: Writer, tag: number, to: Scalar, r: Reader, at: At, from: Scalar): void {
  if (from === "float" && to === "double") {
    w.double(tag, r.viewAt(at, 4).getFloat32(at, true));
    return;
  }
  load(r, at, from);
  store(w, tag, to, r.lo, r.hi);
}

/** Decodes an integer or bool into `r.lo` and `r.hi`, as a two's complement number of 64 bits. */
export function load(r: Reader, at: At, from: Scalar): void {
  switch (from) {
    case "int64":
    case "uint64":
      r.int64At(at);
      return;
    case "sint64": {
      r.int64At(at);
      const { lo, hi } = r;
      const sign = -(lo & 1);
      r.lo = ((lo >>> 1) | (hi << 31)) ^ sign;
      r.hi = (hi >>> 1) ^ sign;
      return;
    }
    case "sint32": {
      const zigzag = r.int32At(at);
      signed(r, (zigzag >>> 1) ^ -(zigzag & 1));
      return;
    }
    case "uint32":
      r.lo = r.int32At(at);
      r.hi = 0;
      return;
    case "bool":
      r.lo = r.nonZero64At(at) ? 1 : 0;
      r.hi = 0;
      return;
    case "fixed32":
      r.lo = r.viewAt(at, 4).getInt32(at, true);
      r.hi = 0;
      return;
    case "sfixed32":
      signed(r, r.viewAt(at, 4).getInt32(at, true));
      return;
    case "fixed64":
    case "sfixed64": {
      const view = r.viewAt(at, 8);
      r.lo = view.getInt32(at, true);
      r.hi = view.getInt32(at + 4, true);
      return;
    }
    default:
      signed(r, r.int32At(at));
  }
}

function signed(r: Reader, value: number): void {
  r.lo = value | 0;
  r.hi = value >> 31;
}

/** Writes a number of 64 bits as a value of type `to`. */
export function store(w: Writer, tag: number, to: Scalar, lo: number, hi: number): void {
  switch (to) {
    case "sint32":
      w.uint32(tag, ((lo << 1) ^ (lo >> 31)) >>> 0);
      return;
    case "sint64": {
      const sign = hi >> 31;
      w.int64(tag, (lo << 1) ^ sign, ((hi << 1) | (lo >>> 31)) ^ sign);
      return;
    }
    case "fixed32":
    case "sfixed32":
      w.fixed32(tag, lo);
      return;
    case "fixed64":
    case "sfixed64":
      w.fixed64(tag, lo, hi);
      return;
    case "uint32":
      w.uint32(tag, lo >>> 0);
      return;
    default:
      w.int64(tag, lo, hi);
  }
}

/**
 * A value that rows are matched by, such that equal values are equal under `===`: numbers of all integer types by
 * value (a bigint over 2^53), strings and bytes by their bytes, one character each.
 */
export type Key = string | number | bigint;

/** The key at `at`. A string, if it is to be `checked`, must be valid UTF-8. */
export function keyAt(r: Reader, at: At, type: Scalar): Key {
  if (type === "string") return r.stringKeyAt(at);
  if (type === "bytes") return r.latin1At(at);
  load(r, at, type);
  const { lo, hi } = r;
  if (hi === 0) return lo >>> 0;
  const unsigned = type === "uint64" || type === "fixed64";
  if (hi === -1 && lo < 0 && !unsigned) return lo;
  const high = unsigned ? hi >>> 0 : hi;
  const value = high * 0x1_0000_0000 + (lo >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return (BigInt(high) << 32n) | BigInt(lo >>> 0);
}

/** Writes a key as a value of type `to`, which is one that can hold it. */
export function writeKey(w: Writer, tag: number, to: Scalar, key: Key | ByteKey): void {
  if (key instanceof ByteKey) {
    w.copyKey(tag, key);
    return;
  }
  if (typeof key === "string") {
    w.latin1(tag, key);
    return;
  }
  if (typeof key === "number" && key === (key | 0)) {
    store(w, tag, to, key, key >> 31);
    return;
  }
  const value = BigInt.asUintN(64, BigInt(key));
  store(w, tag, to, Number(value & 0xffff_ffffn) | 0, Number(value >> 32n) | 0);
}
