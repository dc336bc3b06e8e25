import type { ByteKey } from "./byte-key.js";
import type { At, Reader } from "./reader.js";
import type { Key } from "./scalar.js";
import { Writer } from "./writer.js";

/** The longest that one key may get. */
const MAX_BYTES = 64 * 1024;
const START_GROUP = 3;

/**
 * The sub-message at `at` as a key: the bytes that `write` writes, as latin1. `write` is such that messages which are equal
 * have the same bytes, however they are encoded.
 */
export function messageKey(r: Reader, at: At, write: (w: Writer, r: Reader) => void): string {
  const { pos } = r;
  const w = new Writer(MAX_BYTES);
  write(w, r.enter(at));
  r.pos = pos;
  const bytes = w.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Writes a key that is a message as a field. */
export function writeMessageKey(w: Writer, tag: number, key: Key | ByteKey): void {
  const bytes = key as string;
  if ((tag & 7) !== START_GROUP) {
    w.latin1(tag, bytes);
    return;
  }
  w.tag(tag);
  w.raw(Buffer.from(bytes, "latin1"));
  w.tag(tag + 1);
}
