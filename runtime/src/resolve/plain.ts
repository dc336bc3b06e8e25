import type { Encoding, Kind } from "../cel/decode.js";
import { CelMap } from "../cel/map.js";
import { Duration, split, Timestamp } from "../cel/time.js";
import { Uint, type Value } from "../cel/value.js";
import { View, type ViewType } from "../cel/view.js";

/** The seconds and nanoseconds of a google.protobuf.Timestamp or Duration. */
export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** A value of google.protobuf.Value. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

const SECOND = 1_000_000_000n;

/**
 * A value as hand-written code gets it, decoded: integers of 64 bits as bigint, others as number; enums by the names of
 * their values; messages as plain objects; maps as Map, since their keys may be anything.
 */
export function plainOf(
  value: Value | undefined,
  kind?: Kind,
  key?: Encoding,
  /** Told of each message of a list or map before it is decoded. */
  onRow?: (row: View) => void,
): unknown {
  if (value instanceof View) return plainMessage(value, typeOf(value, kind), onRow);
  const one = (element: Value, of: Kind | undefined): unknown => {
    if (element instanceof View) onRow?.(element);
    return plainOf(element, of, undefined, onRow);
  };
  if (Array.isArray(value)) return value.map((element) => one(element, kind));
  if (value instanceof CelMap) {
    const entries = [...value.entries()] as ReadonlyArray<readonly [Value, Value]>;
    return new Map(entries.map(([name, inner]) => [plainOf(name, key), one(inner, kind)]));
  }
  if (typeof value === "bigint") return isSmall(kind) ? Number(value) : value;
  if (value instanceof Uint) return isSmall(kind) ? Number(value.value) : value.value;
  if (value instanceof Timestamp) {
    const { seconds, rest } = split(value.nanos);
    return { seconds, nanos: Number(rest) } satisfies Time;
  }
  if (value instanceof Duration)
    return { seconds: value.nanos / SECOND, nanos: Number(value.nanos % SECOND) } satisfies Time;
  return value;
}

/** A message as a plain object, without what is marked internal: a field that is not set, and whose presence says so, is left out. */
export function plainMessage(
  view: View,
  type: ViewType = view.type,
  onRow?: (row: View) => void,
): Record<string, unknown> {
  const all = new View(type, view.reader, view.start, view.end, undefined, view.depth);
  const object: Record<string, unknown> = {};
  for (const { number, name, kind, key, list, implicit, internal } of type.fields) {
    if (internal) continue;
    const isValue = list !== true && key === undefined;
    if (isValue && implicit !== true && !all.isSet(number)) continue;
    object[propertyOf(name)] = plainOf(all.get(number), kind, key, onRow);
  }
  return object;
}

function typeOf(view: View, kind: Kind | undefined): ViewType {
  return typeof kind === "object" && kind.is === "message" ? kind.of() : view.type;
}

/** Whether all values of a type are integers that a number holds. */
export function isSmall(kind: Kind | undefined): boolean {
  if (typeof kind === "object") return kind.is === "wrapper" && isSmall(kind.wraps);
  return kind?.endsWith("32") === true;
}

// Other meanings in JavaScript, as protobuf-es has it.
const TAKEN = ["constructor", "toString", "toJSON", "valueOf"];
const properties = new Map<string, string>();

/** The property of a field: "user_id" is `userId`. */
export function propertyOf(name: string): string {
  let property = properties.get(name);
  if (property === undefined) {
    const camel = name.replace(/_+(\w)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? "");
    property = TAKEN.includes(camel) ? `${camel}$` : camel;
    properties.set(name, property);
  }
  return property;
}
