import { type HeaderField, headerField } from "./header-field.js";

// biome-ignore format: a table reads better as one
const entries: ReadonlyArray<readonly [string, string]> = [
  [":authority", ""], [":method", "GET"], [":method", "POST"], [":path", "/"], [":path", "/index.html"],
  [":scheme", "http"], [":scheme", "https"], [":status", "200"], [":status", "204"], [":status", "206"],
  [":status", "304"], [":status", "400"], [":status", "404"], [":status", "500"], ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"], ["accept-language", ""], ["accept-ranges", ""], ["accept", ""],
  ["access-control-allow-origin", ""], ["age", ""], ["allow", ""], ["authorization", ""], ["cache-control", ""],
  ["content-disposition", ""], ["content-encoding", ""], ["content-language", ""], ["content-length", ""],
  ["content-location", ""], ["content-range", ""], ["content-type", ""], ["cookie", ""], ["date", ""], ["etag", ""],
  ["expect", ""], ["expires", ""], ["from", ""], ["host", ""], ["if-match", ""], ["if-modified-since", ""],
  ["if-none-match", ""], ["if-range", ""], ["if-unmodified-since", ""], ["last-modified", ""], ["link", ""],
  ["location", ""], ["max-forwards", ""], ["proxy-authenticate", ""], ["proxy-authorization", ""], ["range", ""],
  ["referer", ""], ["refresh", ""], ["retry-after", ""], ["server", ""], ["set-cookie", ""],
  ["strict-transport-security", ""], ["transfer-encoding", ""], ["user-agent", ""], ["vary", ""], ["via", ""],
  ["www-authenticate", ""],
];

/**
 * The fields with indices 1 to 61; at 0 stands one that no index means.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#appendix-A
 */
export const staticTable: readonly HeaderField[] = [["", ""] as const, ...entries].map(([name, value]) =>
  headerField(name, value),
);

/** The index of the first dynamic entry. */
export const FIRST_DYNAMIC_INDEX = staticTable.length;

const byName = new Map<string, number>();
const byField = new Map<string, number>();
entries.forEach(([name, value], i) => {
  if (!byName.has(name)) byName.set(name, i + 1);
  byField.set(fieldKey(name, value), i + 1);
});

/** A field as key of a map. Names have no line ends. */
export function fieldKey(name: string, value: string): string {
  return `${name}\n${value}`;
}

/** The index of the field with this key; 0 if there is none. */
export function staticFieldIndex(key: string): number {
  return byField.get(key) ?? 0;
}

/** An index of a field with this name; 0 if there is none. */
export function staticNameIndex(name: string): number {
  return byName.get(name) ?? 0;
}
