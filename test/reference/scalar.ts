import { ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type Cursor, Malformed } from "./cursor.js";

/** A scalar as protobuf-es has it: 64-bit integers are bigints. */
export type ScalarValue = string | number | bigint | boolean | Uint8Array;

/** The wire type of a scalar that stands alone. */
export function wireOf(type: ScalarType): number {
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

export function readScalar(cursor: Cursor, type: ScalarType): ScalarValue {
  const view = (size: number) => {
    const bytes = cursor.take(size);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  };
  switch (type) {
    case ScalarType.DOUBLE:
      return view(8).getFloat64(0, true);
    case ScalarType.FLOAT:
      return view(4).getFloat32(0, true);
    case ScalarType.FIXED64:
      return view(8).getBigUint64(0, true);
    case ScalarType.SFIXED64:
      return view(8).getBigInt64(0, true);
    case ScalarType.FIXED32:
      return view(4).getUint32(0, true);
    case ScalarType.SFIXED32:
      return view(4).getInt32(0, true);
    case ScalarType.STRING:
      return textOf(cursor.delimited());
    case ScalarType.BYTES:
      return Uint8Array.from(cursor.delimited());
    case ScalarType.BOOL:
      return cursor.varint() !== 0n;
    case ScalarType.INT64:
      return BigInt.asIntN(64, cursor.varint());
    case ScalarType.UINT64:
      return cursor.varint();
    case ScalarType.INT32:
      return Number(BigInt.asIntN(32, cursor.varint()));
    case ScalarType.UINT32:
      return Number(BigInt.asUintN(32, cursor.varint()));
    case ScalarType.SINT32: {
      const zigzag = BigInt.asUintN(32, cursor.varint());
      return Number((zigzag >> 1n) ^ -(zigzag & 1n));
    }
    case ScalarType.SINT64: {
      const zigzag = cursor.varint();
      return (zigzag >> 1n) ^ -(zigzag & 1n);
    }
  }
}

/** The value alone, without a tag. */
export function writeScalar(type: ScalarType, value: ScalarValue): Uint8Array {
  const w = new BinaryWriter();
  const number = value as number;
  const wide = value as bigint;
  switch (type) {
    case ScalarType.DOUBLE:
      return w.double(number).finish();
    case ScalarType.FLOAT:
      return w.float(number).finish();
    case ScalarType.FIXED64:
      return w.fixed64(wide).finish();
    case ScalarType.SFIXED64:
      return w.sfixed64(wide).finish();
    case ScalarType.FIXED32:
      return w.fixed32(number).finish();
    case ScalarType.SFIXED32:
      return w.sfixed32(number).finish();
    case ScalarType.STRING:
      return w.bytes(bytesOf(value as string)).finish();
    case ScalarType.BYTES:
      return w.bytes(value as Uint8Array).finish();
    case ScalarType.BOOL:
      return w.bool(value as boolean).finish();
    case ScalarType.INT64:
      return w.int64(wide).finish();
    case ScalarType.UINT64:
      return w.uint64(wide).finish();
    case ScalarType.INT32:
      return w.int32(number).finish();
    case ScalarType.UINT32:
      return w.uint32(number).finish();
    case ScalarType.SINT32:
      return w.sint32(number).finish();
    case ScalarType.SINT64:
      return w.sint64(wide).finish();
  }
}

// Bytes that are not UTF-8 must survive in a string, since some fields may hold them. Each of their bytes becomes a lone
// surrogate, which no valid text contains.
const LOW_SURROGATE = 0xdc00;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return String.fromCharCode(...[...bytes].map((byte) => LOW_SURROGATE + byte));
  }
}

function bytesOf(text: string): Uint8Array {
  if (isText(text)) return new TextEncoder().encode(text);
  return Uint8Array.from(text, (char) => char.charCodeAt(0) - LOW_SURROGATE);
}

/** Whether a string was valid UTF-8. */
export function isText(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Malformed unless the string was valid UTF-8. */
export function checkText(text: string): string {
  if (!isText(text)) throw new Malformed("text that is not UTF-8");
  return text;
}

/** Whether a value is its type's zero, by its bits: a float's -0 is none. */
export function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return Object.is(value, 0) || value === 0n || value === "" || value === false;
}

function isWide(type: ScalarType): boolean {
  return [
    ScalarType.INT64,
    ScalarType.UINT64,
    ScalarType.SINT64,
    ScalarType.FIXED64,
    ScalarType.SFIXED64,
  ].includes(type);
}

/** What a field without presence has when it is not set. */
export function zeroOf(type: ScalarType): ScalarValue {
  if (type === ScalarType.STRING) return "";
  if (type === ScalarType.BYTES) return new Uint8Array();
  if (type === ScalarType.BOOL) return false;
  return isWide(type) ? 0n : 0;
}
