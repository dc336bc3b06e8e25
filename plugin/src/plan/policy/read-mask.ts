import { fieldRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";

/**
 * The field of a public request that says which fields of the response a client wants.
 *
 * Source: https://google.aip.dev/157
 */
export function readMaskOf(request: Message): Field | undefined {
  return request.fields.find(isReadMask);
}

/** Whether a field of a public request is its read mask: it goes to no upstream by itself. */
export function isReadMask({ name, cardinality, type, desc }: Field): boolean {
  return (
    name === "read_mask" &&
    cardinality === "singular" &&
    type.kind === "message" &&
    type.message.typeName === "google.protobuf.FieldMask" &&
    (desc === undefined || fieldRule(desc)?.unset !== true)
  );
}
