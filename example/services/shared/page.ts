import { invalidArgument } from "./rpc-error.js";

/** The place of a row in a list that is ordered by time, then id. */
export interface Cursor {
  /** As PostgreSQL reads it; "infinity" and "-infinity" stand before the first row. */
  readonly time: string;
  readonly id: string;
}

const defaultPageSize = 50;
const maxPageSize = 1000;
/** 9999-12-31T23:59:59.999Z: the last time that has the same spelling in JavaScript and PostgreSQL. */
const maxTimeMs = 253_402_300_799_999;

/**
 * How many rows to return: 50 where the request says 0, at most 1000; a negative number is INVALID_ARGUMENT.
 * See https://google.aip.dev/158.
 */
export function pageSizeOf(requested: number): number {
  if (requested < 0) throw invalidArgument("page_size is negative");
  return requested === 0 ? defaultPageSize : Math.min(requested, maxPageSize);
}

/** The token of the page that follows the row at `timeMs` and `id` in the list called `list`. */
export function pageTokenOf(list: string, timeMs: number, id: string): string {
  return Buffer.from(JSON.stringify([list, timeMs, id])).toString("base64url");
}

/** Where a page begins: `first` without a token; INVALID_ARGUMENT for one that `pageTokenOf(list, …)` did not make. */
export function cursorOf(list: string, token: string, first: Cursor): Cursor {
  if (token === "") return first;
  const bad = invalidArgument("page_token is not one that this method returned");
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    throw bad;
  }
  if (!Array.isArray(parts) || parts.length !== 3) throw bad;
  const [name, timeMs, id] = parts as [unknown, unknown, unknown];
  if (name !== list || typeof timeMs !== "number" || typeof id !== "string" || id.includes("\0")) throw bad;
  if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > maxTimeMs) throw bad;
  // Base64 and JSON both read more spellings than they write; only our own is a token.
  if (pageTokenOf(list, timeMs, id) !== token) throw bad;
  return { time: new Date(timeMs).toISOString(), id };
}

/**
 * One page out of `rows`, of which the query asked for one more than `pageSize`: whether it came says whether a
 * further page exists, without a count.
 */
export function pageOf<Row extends { id: string }>(
  list: string,
  rows: Row[],
  pageSize: number,
  timeOf: (row: Row) => Date,
): { rows: Row[]; nextPageToken: string } {
  const page = rows.slice(0, pageSize);
  const last = page.at(-1);
  const more = rows.length > pageSize && last !== undefined;
  return { rows: page, nextPageToken: more ? pageTokenOf(list, timeOf(last).getTime(), last.id) : "" };
}
