import type { Field, Scalar } from "../source/model.js";

/** Wire types. Source: https://protobuf.dev/programming-guides/encoding/#structure */
export const VARINT = 0;
export const I64 = 1;
export const LEN = 2;
export const SGROUP = 3;
export const EGROUP = 4;
export const I32 = 5;

const WIRE: Readonly<Record<Scalar, number>> = {
  double: I64, float: I32, int64: VARINT, uint64: VARINT, int32: VARINT, fixed64: I64, fixed32: I32, bool: VARINT,
  string: LEN, bytes: LEN, uint32: VARINT, sfixed32: I32, sfixed64: I64, sint32: VARINT, sint64: VARINT,
}; // biome-ignore format: a table

/** The wire type of one element of a field. */
export function wireOf(field: Field): number {
  if (field.type.kind === "enum") return VARINT;
  if (field.type.kind === "scalar") return WIRE[field.type.scalar];
  return field.delimited ? SGROUP : LEN;
}

export function wireOfScalar(scalar: Scalar): number {
  return WIRE[scalar];
}

/** Field number and wire type as one number. */
export function tagOf(field: Field, wire = wireOf(field)): number {
  // Not `<<`: field numbers have 29 bits, and the result would be negative.
  return field.number * 8 + wire;
}

/** Whether elements may come packed. */
export function isPackable(field: Field): boolean {
  return field.cardinality === "repeated" && wireOf(field) !== LEN && wireOf(field) !== SGROUP;
}

/** The call on a Reader that skips a value and gives its offset. */
export function skipCall(field: Field): string {
  switch (wireOf(field)) {
    case VARINT:
      return "r.varint()";
    case I64:
      return "r.fixed64()";
    case I32:
      return "r.fixed32()";
    default:
      return "r.bytes()";
  }
}

/** The name of a scalar type, as the runtime has it. */
export function scalarOf(field: Field): string {
  return field.type.kind === "scalar" ? field.type.scalar : "enum";
}
