import type { Field, Message, Scalar } from "../source/model.js";
import { WRAPPERS } from "../source/shapes.js";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  UINT,
  wrapperOf,
} from "./types.js";

const SCALARS: Readonly<Record<Scalar, CelType>> = {
  double: DOUBLE, float: DOUBLE, int32: INT, int64: INT, sint32: INT, sint64: INT, sfixed32: INT, sfixed64: INT,
  uint32: UINT, uint64: UINT, fixed32: UINT, fixed64: UINT, bool: BOOL, string: STRING, bytes: BYTES,
}; // biome-ignore format: a table

/**
 * Messages that are values of CEL.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#dynamic-values
 */
const WELL_KNOWN: ReadonlyMap<string, CelType> = new Map([
  ["google.protobuf.Any", DYN],
  ["google.protobuf.Value", DYN],
  ["google.protobuf.ListValue", listOf(DYN)],
  ["google.protobuf.Struct", mapOf(STRING, DYN)],
  ["google.protobuf.Timestamp", TIMESTAMP],
  ["google.protobuf.Duration", DURATION],
  ...[...WRAPPERS].map(([name, scalar]): [string, CelType] => [name, wrapperOf(SCALARS[scalar])]),
]);

/** How enums are seen: by the names of their values, as Portico has it, or as ints, as plain CEL has it. */
export type EnumMode = "name" | "number";

/** The type of a message's values. */
export function messageType(message: Message): CelType {
  return WELL_KNOWN.get(message.typeName) ?? { kind: "message", message };
}

/** The type of a field's values: of a repeated field a list, of a map a map. */
export function fieldType(field: Field, enums: EnumMode): CelType {
  if (field.cardinality === "map" && field.type.kind === "message") {
    const { byName } = field.type.message;
    return mapOf(fieldType(byName.get("key")!, enums), fieldType(byName.get("value")!, enums));
  }
  const one = elementType(field, enums);
  return field.cardinality === "repeated" ? listOf(one) : one;
}

function elementType({ type }: Field, enums: EnumMode): CelType {
  if (type.kind === "scalar") return SCALARS[type.scalar];
  if (type.kind === "message") return messageType(type.message);
  return enums === "name" ? { kind: "enum", enum: type.enum } : INT;
}
