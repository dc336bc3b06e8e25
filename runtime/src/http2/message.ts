import { FIRST_PSEUDO_KIND, FieldKind, type HeaderField } from "./hpack/header-field.js";

/**
 * Header fields of a message: lower-case names; the values of a repeated one joined by ", ", cookies by "; ". Nothing is
 * inherited: a name that no field has is undefined, whatever it is.
 */
export type HeaderMap = Readonly<Record<string, string | undefined>>;

/** A header section that is well-formed. */
export interface Message {
  readonly headers: HeaderMap;
  /** -1 if it is not given. */
  readonly contentLength: number;
  /** Of a response; 0 for others. */
  readonly status: number;
}

// With a class of their own, and not by Object.create(null), maps have a shape that the engine learns.
class MapOfFields {
  [name: string]: string | undefined;
}
Reflect.deleteProperty(MapOfFields.prototype, "constructor");
Object.setPrototypeOf(MapOfFields.prototype, null);

/**
 * The message of a request, of the first `count` fields; undefined if it is malformed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
 */
export function requestMessage(fields: readonly HeaderField[], count: number): Message | undefined {
  const headers = new MapOfFields();
  const contentLength = collect(fields, count, headers, FieldKind.METHOD, FieldKind.PATH);
  if (contentLength < -1) return undefined;
  const { ":method": method, ":scheme": scheme, ":path": path, ":authority": authority, host } = headers;
  if (method === undefined || method === "") return undefined;
  if (method === "CONNECT") {
    if (scheme !== undefined || path !== undefined || authority === undefined) return undefined;
  } else {
    if (scheme === undefined || scheme === "" || path === undefined) return undefined;
    if (path.charCodeAt(0) !== 0x2f && !(path === "*" && method === "OPTIONS")) return undefined;
  }
  // Two answers to one question: who trusts which?
  if (host !== undefined && authority !== undefined && host !== authority) return undefined;
  return { headers, contentLength, status: 0 };
}

/**
 * The message of a response; undefined if it is malformed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.3.2
 */
export function responseMessage(fields: readonly HeaderField[], count: number): Message | undefined {
  const headers = new MapOfFields();
  const contentLength = collect(fields, count, headers, FieldKind.STATUS, FieldKind.STATUS);
  const status = headers[":status"];
  // 101 is for HTTP/1.1 alone: https://www.rfc-editor.org/rfc/rfc9113#section-8.6
  if (contentLength < -1 || status === undefined || !/^[1-9]\d\d$/.test(status) || status === "101")
    return undefined;
  return { headers, contentLength, status: Number(status) };
}

/** Trailers; undefined if they are malformed. https://www.rfc-editor.org/rfc/rfc9113#section-8.1-8 */
export function trailers(fields: readonly HeaderField[], count: number): HeaderMap | undefined {
  const headers = new MapOfFields();
  return collect(fields, count, headers, 0, 0) < -1 ? undefined : headers;
}

/**
 * Puts fields into a map; those of pseudo-headers must be of a kind between the two given. Gives the content-length,
 * -1 if there is none, or less if the fields are malformed.
 */
function collect(
  fields: readonly HeaderField[],
  count: number,
  headers: Record<string, string | undefined>,
  lowestPseudo: number,
  highestPseudo: number,
): number {
  let contentLength = -1;
  let regularSeen = false;
  for (let i = 0; i < count; i++) {
    const { name, value, kind } = fields[i]!;
    if (kind === FieldKind.FORBIDDEN) return -2;
    const known = headers[name];
    if (kind >= FIRST_PSEUDO_KIND) {
      if (regularSeen || known !== undefined || kind < lowestPseudo || kind > highestPseudo) return -2;
      headers[name] = value;
      continue;
    }
    regularSeen = true;
    if (kind === FieldKind.CONTENT_LENGTH) {
      if (!/^\d{1,15}$/.test(value) || (known !== undefined && known !== value)) return -2;
      contentLength = Number(value);
      headers[name] = value;
    } else if (known === undefined) {
      headers[name] = value;
    } else {
      if (kind === FieldKind.HOST) return -2;
      headers[name] = `${known}${kind === FieldKind.COOKIE ? "; " : ", "}${value}`;
    }
  }
  return contentLength;
}
