import type { Reader } from "./reader.js";

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
    };

/** Who may set a field: whatever it is, it is for who checks to say whether that is so. */
export type Guard = object;

/** Paths that not everybody may name. */
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
  while (r.pos < end) {
    const tag = r.tag();
    const field = shape.get(tag >>> 3);
    const wire = tag & 7;
    if (field?.allow !== undefined) admit(field.allow);
    if (field === undefined) r.skip(tag);
    else if ("message" in field) {
      if (wire === 2 && !field.group) {
        const inner = r.next();
        if (field.paths !== undefined) checkPaths(inner, field.paths, admit);
        check(inner, field.message(), admit);
      } else if (wire === 3 && field.group) {
        const inner = r.nextGroup(tag);
        const stop = inner.end;
        if (field.paths !== undefined) checkPaths(inner, field.paths, admit);
        check(inner, field.message(), admit);
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
  r.leave(end);
}

function checkVarint(r: Reader, field: Extract<FieldShape, { readonly wire: number }>): void {
  const at = r.varint();
  if (field.value === undefined) return;
  const value = r.int32At(at);
  if (value !== 0 || !field.zero) field.value(r, value);
}

/** Looks at the paths of the google.protobuf.FieldMask that was opened, and goes back to its start. */
function checkPaths(r: Reader, paths: GuardedPaths, admit: (guard: Guard) => void): void {
  const { pos, end } = r;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag !== 10) r.skip(tag);
    else for (const guard of paths.get(r.textAt(r.bytes())) ?? []) admit(guard);
  }
  r.close(end);
  r.pos = pos;
}
