import type { At, Reader } from "./reader.js";
import { type MaskTable, readAny, translatePath } from "./special.js";

/** What the fields of a message are, by number: as much as is needed to tell malformed bytes. */
export type Shape = ReadonlyMap<number, FieldShape>;

/** The wire type of a scalar (with `packed` where it may be packed), "string", or a message. */
export type FieldShape =
  | {
      readonly wire: 0 | 1 | 2 | 5;
      readonly utf8?: boolean;
      readonly packable?: boolean;
      /** Of an enum: throws where its number is none that is taken. `zero`: 0 is as good as unset. */
      readonly value?: (r: Reader, value: number) => unknown;
      readonly zero?: boolean;
      readonly allow?: Guard;
    }
  | {
      readonly message: () => Shape;
      readonly group?: boolean;
      readonly allow?: Guard;
      /** Of a google.protobuf.FieldMask: who may name which path. */
      readonly paths?: GuardedPaths;
      /** Of a google.protobuf.FieldMask: by what it will be translated; each has to know all paths. */
      readonly tables?: readonly MaskTable[];
      /** Of a google.protobuf.Any: what it may hold, by the names of types. Another type is left for who reads it, unless `only`. */
      readonly any?: ReadonlyMap<string, () => Shape>;
      readonly only?: boolean;
      /** Looked at when all pieces of it have come: together they may say more than one by one. */
      readonly whole?: boolean;
    };

/** Who may set a field: whatever it is, it is for who checks to say whether that is so. */
export type Guard = object;

/** Paths that not everybody may name; what "" says holds for all paths that are not here. */
export type GuardedPaths = ReadonlyMap<string, readonly Guard[]>;

const nobody = (): never => {
  throw new Error("a guarded field, and nobody who knows who may set it");
};

/**
 * Walks a message and all messages in it; throws where the bytes are malformed. `admit` is told of each guarded field that
 * is set, and throws where that must not be.
 */
export function check(r: Reader, shape: Shape, admit: (guard: Guard) => void = nobody): void {
  const { end } = r;
  let wholes: Map<MessageShape, At> | undefined;
  while (r.pos < end) {
    const tag = r.tag();
    const field = shape.get(tag >>> 3);
    const wire = tag & 7;
    if (field?.allow !== undefined) admit(field.allow);
    if (field === undefined) r.skip(tag);
    else if ("message" in field) {
      if (field.whole && wire === (field.group ? 3 : 2)) {
        wholes ??= new Map();
        const before = wholes.get(field) ?? 0;
        wholes.set(field, field.group ? r.group(tag, before) : r.message(before));
      } else if (wire === 2 && !field.group) {
        const inner = r.next();
        checkInside(inner, field, admit);
      } else if (wire === 3 && field.group) {
        const inner = r.nextGroup(tag);
        const stop = inner.end;
        checkInside(inner, field, admit);
        r.leaveGroup(stop);
      } else r.skip(tag);
    } else if (wire === 2 && field.wire === 2) {
      const at = r.bytes();
      if (field.utf8) r.checkUtf8(at);
    } else if (wire === 2 && field.packable) {
      const stop = r.packed();
      while (r.pos < stop) {
        if (field.wire === 0) checkVarint(r, field);
        else r.pos += field.wire === 1 ? 8 : 4;
      }
      r.packedEnd(stop);
    } else if (wire === 0 && field.wire === 0) checkVarint(r, field);
    else r.skip(tag);
  }
  r.close(end);
  for (const [field, at] of wholes ?? []) checkInside(r.enter(at), field, admit);
  r.leave(end);
}

type MessageShape = Extract<FieldShape, { readonly message: unknown }>;

/** Checks a message that was opened. */
function checkInside(r: Reader, field: MessageShape, admit: (guard: Guard) => void): void {
  if (field.paths !== undefined || field.tables !== undefined) checkPaths(r, field, admit);
  if (field.any !== undefined) checkAny(r, field.any, field.only === true, admit);
  check(r, field.message(), admit);
}

/** Looks at what the google.protobuf.Any that was opened holds, and goes back to its start. */
function checkAny(
  r: Reader,
  types: ReadonlyMap<string, () => Shape>,
  only: boolean,
  admit: (guard: Guard) => void,
): void {
  const { pos, end } = r;
  const { url, value } = readAny(r, end);
  const name = url === 0 ? "" : r.textAt(url);
  const type = types.get(name.slice(name.lastIndexOf("/") + 1));
  if (only && name !== "" && (type === undefined || !name.includes("/")))
    r.malformed("a type that is not allowed in an Any");
  if (type !== undefined && value !== 0) check(r.enter(value), type(), admit);
  r.pos = pos;
  r.end = end;
}

function checkVarint(r: Reader, field: Extract<FieldShape, { readonly wire: number }>): void {
  const at = r.varint();
  if (field.value === undefined) return;
  const value = r.int32At(at);
  if (value !== 0 || !field.zero) field.value(r, value);
}

/** Looks at the paths of the google.protobuf.FieldMask that was opened, and goes back to its start. */
function checkPaths(r: Reader, { paths, tables = [] }: MessageShape, admit: (guard: Guard) => void): void {
  const { pos, end } = r;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag !== 10) {
      r.skip(tag);
      continue;
    }
    const path = r.textAt(r.bytes());
    for (const guard of paths?.get(path) ?? paths?.get("") ?? []) admit(guard);
    for (const table of tables) translatePath(r, path, table);
  }
  r.close(end);
  r.pos = pos;
}
