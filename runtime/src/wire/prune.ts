import { Reader } from "./reader.js";
import { Writer } from "./writer.js";

/** The fields of a message that are kept, by number; of a message, what is kept in it. */
export type Kept = ReadonlyMap<number, Kept | "whole">;

/** A message without the fields that are not kept. What is kept stays in its order, and messages stay where they stand. */
export function prune(message: Uint8Array, kept: Kept, maxBytes: number): Uint8Array {
  const r = new Reader(message, "the response").begin();
  const w = new Writer(maxBytes);
  copy(w, r, kept);
  return w.finish();
}

function copy(w: Writer, r: Reader, kept: Kept): void {
  const { end } = r;
  while (r.pos < end) {
    const start = r.pos;
    const tag = r.tag();
    const inner = kept.get(tag >>> 3);
    const wire = tag & 7;
    if (inner instanceof Map && wire === 2) {
      const message = r.enter(r.pos);
      const opened = w.open(tag, message.size);
      copy(w, message, inner);
      w.close(opened);
    } else if (inner instanceof Map && wire === 3) {
      const group = r.nextGroup(tag);
      const stop = group.end;
      w.tag(tag);
      copy(w, group, inner);
      w.tag(tag + 1);
      r.leaveGroup(stop);
    } else {
      r.skip(tag);
      if (inner !== undefined) w.raw(r.buffer.subarray(start, r.pos));
    }
  }
  r.close(end);
  r.leave(end);
}
