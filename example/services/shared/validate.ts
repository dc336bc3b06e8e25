import { invalidArgument } from "./rpc-error.js";

/** The most ids that one batch method takes. */
export const maxBatchSize = 1000;

/** A text of 1 to `maxLength` UTF-16 units, or INVALID_ARGUMENT naming the field. */
export function requireText(field: string, value: string, maxLength: number): string {
  if (value === "") throw invalidArgument(`${field} is required`);
  if (value.length > maxLength) throw invalidArgument(`${field} is longer than ${maxLength} characters`);
  // The one character that protobuf's string can hold and PostgreSQL's text cannot.
  if (value.includes("\0")) throw invalidArgument(`${field} contains a NUL character`);
  return value;
}

/** The ids of a batch method, each once. Empty ones, or too many, are INVALID_ARGUMENT. */
export function requireIds(field: string, ids: readonly string[]): string[] {
  if (ids.length > maxBatchSize) throw invalidArgument(`${field} holds more than ${maxBatchSize} ids`);
  return [...new Set(ids.map((id) => requireText(field, id, 100)))];
}
