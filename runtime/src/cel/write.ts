import { store } from "../wire/scalar.js";
import type { Writer } from "../wire/writer.js";
import {
  asBool,
  asBytes,
  asDouble,
  asDuration,
  asInt,
  asList,
  asMap,
  asString,
  asTimestamp,
  asUint,
} from "./cast.js";
import { type Encoding, wireOf } from "./decode.js";
import { fail } from "./error.js";
import { split } from "./time.js";
import { Uint, type Value } from "./value.js";

/** How a computed value is written. */
export type Written =
  | Encoding
  | "timestamp"
  | "duration"
  /** By the names of the enum's values. */
  | { readonly numbers: Readonly<Record<string, number>>; readonly otherwise?: number }
  /** In a google.protobuf wrapper. */
  | { readonly wraps: Encoding };

/** What one element of a packed field takes at most. */
const HINT = 8;

/**
 * Writes what an expression gave as a field; null leaves it unset. `implicit`: zero is as good as unset. A value that the
 * field cannot hold is a CelError.
 */
export function writeValue(w: Writer, tag: number, as: Written, value: Value, implicit = false): void {
  if (value === null) return;
  if (typeof as === "string") {
    if (!(implicit && isZero(value))) writeElement(w, tag, as, value);
  } else if ("numbers" in as) {
    const number = numberOf(as, value);
    if (!(implicit && number === 0)) w.int32(tag, number);
  } else {
    const message = w.begin(tag, HINT);
    writeElement(w, 8 + wireOf(as.wraps), as.wraps, value);
    w.end(tag, message);
  }
}

/** Writes the elements of a list, `packed` if the tag is that of a packed field. */
export function writeValues(w: Writer, tag: number, as: Written, list: Value, packed = false): void {
  if (list === null) return;
  const elements = asList(list);
  if (elements.length === 0) return;
  const opened = packed ? w.open(tag, elements.length) : 0;
  for (const element of elements) {
    if (element === null) fail("null in a list of values");
    writeValue(w, packed ? 0 : tag, as, element);
  }
  if (packed) w.close(opened);
}

/** Writes the entries of a map. */
export function writeMap(
  w: Writer,
  tag: number,
  key: Encoding,
  keyTag: number,
  as: Written,
  valueTag: number,
  map: Value,
): void {
  if (map === null) return;
  for (const [name, value] of asMap(map).entries()) {
    if (value === null) fail("null in a map of values");
    const entry = w.open(tag, 32);
    writeElement(w, keyTag, key, name);
    writeValue(w, valueTag, as, value);
    w.close(entry);
  }
}

/** Whether a value is the zero of its type: of numbers by the bits, so that -0 is not "unset". */
function isZero(value: Value): boolean {
  if (typeof value === "number") return Object.is(value, 0);
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  return value === "" || value === 0n || value === false;
}

function numberOf(
  { numbers, otherwise }: Exclude<Written, string | { wraps: Encoding }>,
  value: Value,
): number {
  const name = asString(value);
  if (Object.hasOwn(numbers, name)) return numbers[name]!;
  return otherwise ?? fail("no value of the enum has this name");
}

function writeElement(w: Writer, tag: number, as: Encoding | "timestamp" | "duration", value: Value): void {
  switch (as) {
    case "string":
      w.text(tag, wellFormed(asString(value)));
      break;
    case "bytes":
      w.latin1(tag, Buffer.from(asBytes(value)).toString("latin1"));
      break;
    case "bool":
      w.int32(tag, Number(asBool(value)));
      break;
    case "double":
      w.double(tag, asDouble(value));
      break;
    case "float":
      w.fixed32(tag, floatBits(asDouble(value)));
      break;
    case "timestamp":
      writeTime(w, tag, split(asTimestamp(value).nanos));
      break;
    case "duration": {
      // Its parts have one sign; a timestamp counts its nanoseconds forward.
      const { nanos } = asDuration(value);
      writeTime(w, tag, { seconds: nanos / SECOND, rest: nanos % SECOND });
      break;
    }
    default:
      writeInteger(w, tag, as, value);
  }
}

/** A string of JavaScript may hold half a character, which has no encoding. */
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? fail("half a character in a string") : text;
}

const bits = new DataView(new ArrayBuffer(4));

function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

function writeInteger(w: Writer, tag: number, as: Encoding, value: Value): void {
  const isUnsigned = as.startsWith("u") || as.startsWith("f");
  const number = isUnsigned ? asUint(value).value : asInt(value);
  const size = as.endsWith("32") ? 32 : 64;
  const fits = isUnsigned ? BigInt.asUintN(size, number) : BigInt.asIntN(size, number);
  if (fits !== number) fail(`${number} is out of the range of ${as}`);
  const unsigned = BigInt.asUintN(64, number);
  store(w, tag, as, Number(unsigned & 0xffff_ffffn) | 0, Number(unsigned >> 32n) | 0);
}

const SECOND = 1_000_000_000n;

function writeTime(w: Writer, tag: number, { seconds, rest }: { seconds: bigint; rest: bigint }): void {
  const message = w.begin(tag, HINT);
  if (seconds !== 0n) writeInteger(w, 8, "int64", seconds);
  if (rest !== 0n) writeInteger(w, 16, "int32", rest);
  w.end(tag, message);
}
