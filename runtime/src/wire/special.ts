import type { At, Reader } from "./reader.js";
import type { Scalar } from "./scalar.js";
import type { Writer } from "./writer.js";

const WIRE: Readonly<Record<Scalar, number>> = {
  double: 1, float: 5, int64: 0, uint64: 0, int32: 0, fixed64: 1, fixed32: 5, bool: 0, string: 2, bytes: 2,
  uint32: 0, sfixed32: 5, sfixed64: 1, sint32: 0, sint64: 0, enum: 0,
}; // biome-ignore format: a table

/** Writes a scalar as a field; a string is checked. */
export function copyScalar(w: Writer, tag: number, r: Reader, at: At, type: Scalar): void {
  switch (WIRE[type]) {
    case 0:
      w.copyVarint(tag, r, at);
      return;
    case 1:
      w.copyFixed64(tag, r, at);
      return;
    case 5:
      w.copyFixed32(tag, r, at);
      return;
    default:
      if (type === "string") w.copyString(tag, r, at);
      else w.copyBytes(tag, r, at);
  }
}

/**
 * Writes the value in the google.protobuf wrapper at `at` as a field of the wrapped type. A wrapper without a value
 * is there, and holds the type's default.
 */
export function unwrap(w: Writer, tag: number, r: Reader, at: At, type: Scalar): void {
  const { pos } = r;
  const wire = WIRE[type];
  const end = r.enter(at).end;
  let value: At = 0;
  while (r.pos < end) {
    const inner = r.tag();
    if (inner !== (8 | wire)) r.skip(inner);
    else if (wire === 0) value = r.varint();
    else if (wire === 1) value = r.fixed64();
    else if (wire === 5) value = r.fixed32();
    else value = r.bytes();
  }
  r.close(end);
  r.leave(end);
  r.pos = pos;
  if (value !== 0) copyScalar(w, tag, r, value, type);
  else if (wire === 1) w.fixed64(tag, 0, 0);
  else if (wire === 5) w.fixed32(tag, 0);
  else w.uint32(tag, 0);
}

/** Paths of one message to those of another: what each becomes, and what "*" does. */
export interface MaskTable {
  /** The field that holds the mask, for who sent it. */
  readonly field: string;
  readonly paths: ReadonlyMap<string, readonly string[]>;
  readonly all: readonly string[];
}

/**
 * Translates the google.protobuf.FieldMask at `at`. An unknown path is refused; it must not widen what is written.
 *
 * Source: https://google.aip.dev/134 and …/161
 */
export function translateMask(w: Writer, tag: number, r: Reader, at: At, table: MaskTable): void {
  const { pos } = r;
  const end = r.enter(at).end;
  const opened = w.begin(tag, r.size);
  while (r.pos < end) {
    const inner = r.tag();
    if (inner !== 10) {
      r.skip(inner);
      continue;
    }
    for (const target of translatePath(r, r.textAt(r.bytes()), table)) w.text(10, target);
  }
  r.close(end);
  r.leave(end);
  r.pos = pos;
  w.end(tag, opened);
}

/** What a path becomes; one that is unknown is refused. */
export function translatePath(r: Reader, path: string, table: MaskTable): readonly string[] {
  const translated = path === "*" ? table.all : table.paths.get(path);
  // A path that comes to nothing must not make the mask an empty one, which stands for all fields.
  if (translated === undefined || translated.length === 0)
    r.refuse(`${table.field}: unknown path${quotedPath(path)}`);
  return translated!;
}

/** A path as an error shows it to who sent it: only one that can be a path. */
export function quotedPath(path: string): string {
  return /^[\w.*]{1,100}$/.test(path) ? ` "${path}"` : "";
}

/** One type that an Any may hold: its name there, its name here, and how it is translated. */
export interface AnyType {
  readonly from: string;
  readonly to: string;
  /** False: the message is dropped, and the Any with it. */
  readonly write: (w: Writer, r: Reader) => unknown;
}

/** One type that an Any may hold, in which there are keys of joins. */
export interface AnyRows {
  readonly from: string;
  readonly scan: (r: Reader) => void;
}

/**
 * Translates the google.protobuf.Any at `at`, if it holds one of the types. Another type is malformed in a request,
 * and left out of a response.
 */
export function translateAny(w: Writer, tag: number, r: Reader, at: At, types: readonly AnyType[]): void {
  const { pos } = r;
  const end = r.enter(at).end;
  const { url, value } = readAny(r, end);
  const name = url === 0 ? "" : r.textAt(url);
  const type = typeOf(name, types);
  if (type !== undefined) {
    const mark = w.pos;
    const opened = w.begin(tag, r.lengthAt(url) + (value === 0 ? 0 : r.lengthAt(value)));
    w.text(10, `type.googleapis.com/${type.to}`);
    const content = w.open(18, value === 0 ? 0 : r.lengthAt(value));
    if (type.write(w, r.enter(value)) === false) w.rewind(mark);
    else {
      w.close(content);
      w.end(tag, opened);
    }
  } else if (r.origin === "" && name !== "") r.malformed("a type that is not allowed in an Any");
  r.leave(end);
  r.pos = pos;
}

/** Gathers the keys of joins in the google.protobuf.Any at `at`, as `translateAny` comes by their rows. */
export function scanAny(r: Reader, at: At, types: readonly AnyRows[]): void {
  const { pos } = r;
  const end = r.enter(at).end;
  const { url, value } = readAny(r, end);
  const type = typeOf(url === 0 ? "" : r.textAt(url), types);
  if (type !== undefined) type.scan(r.enter(value));
  r.leave(end);
  r.pos = pos;
}

/** Where the type and the content of an Any stand; the reader has been opened on it. */
export function readAny(r: Reader, end: number): { readonly url: At; readonly value: At } {
  let url: At = 0;
  let value: At = 0;
  while (r.pos < end) {
    const inner = r.tag();
    if (inner === 10) url = r.bytes();
    else if (inner === 18) value = r.bytes();
    else r.skip(inner);
  }
  r.close(end);
  return { url, value };
}

/** The type of a URL: what comes after its last slash, which has to be there. */
function typeOf<T extends { readonly from: string }>(url: string, types: readonly T[]): T | undefined {
  const slash = url.lastIndexOf("/");
  return slash < 0 ? undefined : types.find(({ from }) => from === url.slice(slash + 1));
}
