/**
 * What a field is to HTTP/2, told from its name and value alone. It is worked out when the field is made, so that one
 * that comes out of a table costs no check at all.
 */
export const FieldKind = {
  REGULAR: 0,
  /**
   * Makes the message malformed wherever it stands: characters that are not allowed, a header of the connection, a
   * pseudo-header that is not known.
   */
  FORBIDDEN: 1,
  CONTENT_LENGTH: 2,
  COOKIE: 3,
  HOST: 4,
  // From here on: pseudo-headers.
  METHOD: 8,
  SCHEME: 9,
  AUTHORITY: 10,
  PATH: 11,
  STATUS: 12,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/** The lowest kind that is a pseudo-header. */
export const FIRST_PSEUDO_KIND = FieldKind.METHOD;

/** What a field costs beside its texts: https://www.rfc-editor.org/rfc/rfc7541#section-4.1 */
export const FIELD_OVERHEAD_BYTES = 32;

/** A header field; texts are latin1, one character for each byte. Not changed once made: tables and lists share it. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  readonly kind: FieldKind;
  /** Its size as tables and limits count it. */
  readonly size: number;
  /** Never to be indexed, by whoever passes it on: https://www.rfc-editor.org/rfc/rfc7541#section-7.1.3 */
  readonly sensitive: boolean;
}

/** Makes a field. */
export function headerField(name: string, value: string, sensitive = false): HeaderField {
  return {
    sensitive,
    name,
    value,
    kind: kindOf(name, value),
    size: name.length + value.length + FIELD_OVERHEAD_BYTES,
  };
}

const kinds: ReadonlyMap<string, FieldKind> = new Map([
  [":method", FieldKind.METHOD],
  [":scheme", FieldKind.SCHEME],
  [":authority", FieldKind.AUTHORITY],
  [":path", FieldKind.PATH],
  [":status", FieldKind.STATUS],
  ["content-length", FieldKind.CONTENT_LENGTH],
  ["cookie", FieldKind.COOKIE],
  ["host", FieldKind.HOST],
  // https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
  ["connection", FieldKind.FORBIDDEN],
  ["proxy-connection", FieldKind.FORBIDDEN],
  ["keep-alive", FieldKind.FORBIDDEN],
  ["transfer-encoding", FieldKind.FORBIDDEN],
  ["upgrade", FieldKind.FORBIDDEN],
]);

// Names are tokens without upper case: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
const validName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// No NUL, CR, LF; no white space around: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.1-3
const invalidValue = /[\0\r\n]|^[ \t]|[ \t]$/;

function kindOf(name: string, value: string): FieldKind {
  if (invalidValue.test(value)) return FieldKind.FORBIDDEN;
  const known = kinds.get(name);
  if (known !== undefined) return known;
  // The one header of the connection that is allowed, with one value.
  if (name === "te" && value !== "trailers") return FieldKind.FORBIDDEN;
  return validName.test(name) ? FieldKind.REGULAR : FieldKind.FORBIDDEN;
}
