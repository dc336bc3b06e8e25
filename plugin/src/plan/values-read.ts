import { type Field, fieldName } from "../source/model.js";
import type { Root, UpstreamMethod, Value } from "./types.js";
import { rootMessage } from "./values.js";
import { valuesIn } from "./walk.js";

/** A path that a value reads. */
export interface Read {
  readonly root: Root;
  readonly path: readonly Field[];
}

/** What a value is made of: every path that it reads. */
export function valuesRead(value: Value): readonly Read[] {
  return valuesIn(value);
}

/** The full name of what a path reads: its last field; of a row or a reply that is read whole, the list or the type. */
export function nameOfRead(read: Read): string {
  const last = read.path.at(-1) ?? (read.root.kind === "join" ? read.root.join.lookup.row.at(-1) : undefined);
  return last === undefined ? (rootMessage(read)?.typeName ?? "") : fieldName(last);
}

/**
 * The internal method that answered with what a path reads; `here` is the one that the source at hand comes from, `around`
 * that of the message around it.
 */
export function methodOfRead(
  read: Read,
  here: UpstreamMethod | undefined,
  around: UpstreamMethod | undefined,
): UpstreamMethod | undefined {
  switch (read.root.kind) {
    case "source":
      return here;
    case "parent":
      return around;
    case "call":
      return read.root.call.method;
    case "join":
      return read.root.join.lookup.method;
    default:
      return undefined;
  }
}

/**
 * Whether a message is one that everybody has, such as a timestamp: the field that holds it says all of what is in it.
 * Not so of other shared packages, whose messages get new fields.
 */
export function isWellKnown(typeName: string): boolean {
  return /^google\.(?:protobuf|type|rpc)\./.test(typeName);
}
