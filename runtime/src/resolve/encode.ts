import { type Encoding, type Kind, wireOf } from "../cel/decode.js";
import { CelError } from "../cel/error.js";
import { Uint, type Value } from "../cel/value.js";
import type { ViewField, ViewType } from "../cel/view.js";
import { writeValue } from "../cel/write.js";
import type { Writer } from "../wire/writer.js";
import { isSmall, propertyOf } from "./plain.js";

/** A value, given by hand-written code, that is not what its field holds. */
export class PlainValueError extends Error {
  override readonly name = "PlainValueError";
}

const MAX_DEPTH = 100;
// What a message inside takes at most, as a first guess.
const HINT = 32;
const [START_GROUP, END_GROUP] = [3, 4];

/** Where in a message something is written. */
interface Nesting {
  readonly depth: number;
  /** The fields that are not written, of messages by their full names. */
  readonly omits?: Omits | undefined;
}

export type Omits = (owner: string, field: string) => boolean;

const TOP: Nesting = { depth: 1 };

function deeper({ depth, omits }: Nesting): Nesting {
  return { depth: depth + 1, omits };
}

/** Writes a plain object as a message: properties that are undefined, or of no field, are left out. */
export function writePlain(w: Writer, type: ViewType, value: unknown, nesting = TOP): void {
  const { depth, omits } = nesting;
  if (depth > MAX_DEPTH) throw new PlainValueError(`${type.name} is nested too deeply`);
  if (!isObject(value)) throw new PlainValueError(`${type.name} is an object, not ${describe(value)}`);
  for (const field of type.fields) {
    const property = propertyOf(field.name);
    if (!Object.hasOwn(value, property) || value[property] === undefined) {
      if (field.required) throw new PlainValueError(`${type.name}.${field.name} is required`);
      continue;
    }
    if (omits?.(type.name, field.name)) continue;
    const other = type.fields.find(
      (mate) => field.oneof?.includes(mate.number) && value[propertyOf(mate.name)] !== undefined,
    );
    if (other !== undefined)
      throw new PlainValueError(`${type.name}: ${field.name} and ${other.name} are of one oneof`);
    writePlainField(w, type.name, field, value[property], nesting);
  }
}

/** Writes the value of one field; undefined leaves it unset. */
export function writePlainField(
  w: Writer,
  owner: string,
  field: ViewField,
  value: unknown,
  nesting = TOP,
): void {
  if (value === undefined) return;
  const { number, kind, key, implicit = false } = field;
  try {
    if (key !== undefined) writeEntries(w, number, key, kind, value, nesting);
    else if (field.list) writeList(w, field, value, nesting);
    else writeOne(w, number, kind, value, nesting, implicit, field.group);
  } catch (thrown) {
    if (!(thrown instanceof PlainValueError || thrown instanceof CelError)) throw thrown;
    // The field that is furthest in says most.
    if (thrown instanceof PlainValueError && thrown.cause !== undefined) throw thrown;
    throw new PlainValueError(`${owner}.${field.name}: ${thrown.message}`, { cause: thrown });
  }
}

function writeEntries(
  w: Writer,
  number: number,
  key: Encoding,
  kind: Kind,
  value: unknown,
  nesting: Nesting,
): void {
  if (!(value instanceof Map)) throw new PlainValueError(`a Map is wanted, not ${describe(value)}`);
  for (const [name, inner] of value as ReadonlyMap<unknown, unknown>) {
    const entry = w.open(number * 8 + 2, HINT);
    writeOne(w, 1, key, name, nesting);
    writeOne(w, 2, kind, inner, nesting);
    w.close(entry);
  }
}

function writeList(
  w: Writer,
  { number, kind, group, packed }: ViewField,
  value: unknown,
  nesting: Nesting,
): void {
  if (!Array.isArray(value)) throw new PlainValueError(`an array is wanted, not ${describe(value)}`);
  if (value.length === 0) return;
  const opened = packed ? w.open(number * 8 + 2, value.length) : 0;
  for (const element of value) writeOne(w, number, kind, element, nesting, false, group, packed);
  if (packed) w.close(opened);
}

function writeOne(
  w: Writer,
  number: number,
  kind: Kind,
  value: unknown,
  nesting: Nesting,
  implicit = false,
  group: true | undefined = undefined,
  packed: true | undefined = undefined,
): void {
  const tag = packed ? 0 : number * 8 + wireOf(kind);
  if (typeof kind === "object") {
    if (kind.is === "message") {
      writeInside(w, number, group, () => writePlain(w, kind.of(), value, deeper(nesting)));
    } else if (kind.is === "wrapper") {
      writeInside(w, number, undefined, () => writeOne(w, 1, kind.wraps, value, nesting));
    } else {
      const enumNumber = numberOf(kind, value);
      if (!(implicit && enumNumber === 0)) w.int32(tag, enumNumber);
    }
    return;
  }
  switch (kind) {
    case "timestamp":
    case "duration":
      writeInside(w, number, undefined, () => writeTime(w, value));
      break;
    case "struct":
    case "list":
    case "value":
      writeInside(w, number, undefined, () => writeJson(w, kind, value, nesting));
      break;
    default:
      writeValue(w, tag, kind, scalarOf(kind, value), implicit);
  }
}

function writeInside(w: Writer, number: number, group: true | undefined, write: () => void): void {
  if (group) {
    w.tag(number * 8 + START_GROUP);
    write();
    w.tag(number * 8 + END_GROUP);
    return;
  }
  const message = w.open(number * 8 + 2, HINT);
  write();
  w.close(message);
}

/** The values of CEL are more lenient than those of typed code: what is wrong here is said, and not converted. */
function scalarOf(kind: Encoding, value: unknown): Value {
  switch (kind) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "bytes":
      if (value instanceof Uint8Array) return value;
      break;
    case "bool":
      if (typeof value === "boolean") return value;
      break;
    case "double":
    case "float":
      if (typeof value === "number") return value;
      break;
    default: {
      const isInteger = isSmall(kind) ? Number.isInteger(value) : typeof value === "bigint";
      if (!isInteger) throw new PlainValueError(`${kind} is ${wanted(kind)}, not ${describe(value)}`);
      const integer = BigInt(value as number | bigint);
      if (!kind.startsWith("u") && !kind.startsWith("f")) return integer;
      if (integer < 0n) throw new PlainValueError(`${kind} is not negative`);
      return new Uint(integer);
    }
  }
  throw new PlainValueError(`${kind} is ${wanted(kind)}, not ${describe(value)}`);
}

function wanted(kind: Encoding): string {
  if (kind === "string" || kind === "bytes") return kind === "string" ? "a string" : "a Uint8Array";
  if (kind === "bool") return "a boolean";
  if (kind === "double" || kind === "float") return "a number";
  return isSmall(kind) ? "a whole number" : "a bigint";
}

function numberOf({ names, closed }: Extract<Kind, { is: "enum" }>, value: unknown): number {
  const known = Object.entries(names).find(([, name]) => name === value);
  if (known !== undefined) return Number(known[0]);
  // As unknown numbers are read.
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!closed && (number | 0) === number) return number;
  throw new PlainValueError(`no value of the enum is named ${describe(value)}`);
}

// The times that timestamps and durations hold are narrower; this is what their fields do.
function writeTime(w: Writer, value: unknown): void {
  if (!isObject(value)) throw new PlainValueError(`{seconds, nanos} is wanted, not ${describe(value)}`);
  writeOne(w, 1, "int64", value.seconds, TOP, true);
  writeOne(w, 2, "int32", value.nanos, TOP, true);
}

/** google.protobuf.Struct, ListValue and Value, from values as JSON has them, objects as Maps. */
function writeJson(w: Writer, kind: "struct" | "list" | "value", value: unknown, nesting: Nesting): void {
  if (nesting.depth > MAX_DEPTH) throw new PlainValueError("nested too deeply");
  if (kind === "struct") {
    writeEntries(w, 1, "string", "value", value, deeper(nesting));
  } else if (kind === "list") {
    if (!Array.isArray(value)) throw new PlainValueError(`an array is wanted, not ${describe(value)}`);
    for (const element of value) writeOne(w, 1, "value", element, deeper(nesting));
  } else if (value === null) w.int32(8, 0);
  else if (typeof value === "number") writeOne(w, 2, "double", value, nesting);
  else if (typeof value === "string") writeOne(w, 3, "string", value, nesting);
  else if (typeof value === "boolean") writeOne(w, 4, "bool", value, nesting);
  else if (value instanceof Map) writeOne(w, 5, "struct", value, deeper(nesting));
  else if (Array.isArray(value)) writeOne(w, 6, "list", value, deeper(nesting));
  else throw new PlainValueError(`JSON is wanted, not ${describe(value)}`);
}

const OTHERS = [Map, Set, Date, Promise];

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  // Their properties are no fields: all of them would be left out.
  return !(ArrayBuffer.isView(value) || OTHERS.some((other) => value instanceof other));
}

/** The type of a value, and not the value: it may be a secret. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Map) return "a Map";
  if (typeof value !== "object") return `a ${typeof value}`;
  return isObject(value) ? "an object" : "another object";
}
