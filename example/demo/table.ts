import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

const maxRows = 4;
const maxCellLength = 44;

/** A response as lines of text: its first list as a table of the first rows, or else itself as the only row. */
export function tableOf(response: JsonObject): string[] {
  const rows = Object.values(response).find(isListOfObjects) ?? [response];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const shown = rows.slice(0, maxRows);
  const cells = [columns, ...shown.map((row) => columns.map((column) => cellOf(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const lines = cells.map((line) => line.map((cell, index) => cell.padEnd(widths[index]!)).join("  "));
  if (rows.length > shown.length) lines.push(`… and ${rows.length - shown.length} more`);
  return lines.map((line) => line.trimEnd());
}

/** One value on one line: of a message, what it says beside its id. */
function cellOf(value: JsonValue | undefined): string {
  const text = textOf(value);
  return text.length > maxCellLength ? `${text.slice(0, maxCellLength - 1)}…` : text;
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value !== "object") return String(value);
  const { id: _, ...rest } = value;
  return Object.values(rest).map(textOf).join(" ");
}

function isListOfObjects(value: JsonValue): value is JsonObject[] {
  return Array.isArray(value) && value.every((element) => typeof element === "object" && element !== null);
}
