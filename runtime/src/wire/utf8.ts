import { isUtf8 } from "node:buffer";

// Up to here a loop over the bytes is cheaper than the view that the native check needs.
const LOOP_BYTES = 96;

/**
 * Whether bytes [start, end) are valid UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF.
 *
 * Source: https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7
 */
export function validUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  if (end - start > LOOP_BYTES) return isUtf8(bytes.subarray(start, end));
  // Nearly all strings of APIs are ASCII: one comparison for four bytes.
  while (i + 4 <= end && (bytes[i]! | bytes[i + 1]! | bytes[i + 2]! | bytes[i + 3]!) < 0x80) i += 4;
  while (i < end) {
    const lead = bytes[i++]!;
    if (lead < 0x80) continue;
    let more: number;
    let low = 0x80;
    let high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) more = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead === 0xe0) low = 0xa0;
      else if (lead === 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead === 0xf0) low = 0x90;
      else if (lead === 0xf4) high = 0x8f;
    } else return false;
    if (i + more > end) return false;
    for (; more > 0; more--) {
      const byte = bytes[i++]!;
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}
