import {
  codeLengths,
  codes,
  STEP_EMITS,
  STEP_FAILS,
  STEP_MAY_END,
  STEP_NEXT_SHIFT,
  steps,
} from "./huffman-code.js";

/**
 * Decodes a Huffman-coded text of HPACK from `source[start..end)` into `target`, which must have room for 8/5 of it.
 * Gives the length of the text, or -1 if it is not one: wrong padding, or the end-of-string code within.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#section-5.2
 */
export function huffmanDecode(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let at = 0;
  let step = STEP_MAY_END;
  // Two look-ups a byte, no shifting of bits across bytes: about 3 ns for each.
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    step = steps[(step >>> STEP_NEXT_SHIFT) + (byte >>> 4)]!;
    if ((step & (STEP_EMITS | STEP_FAILS)) !== 0) {
      if ((step & STEP_FAILS) !== 0) return -1;
      target[at++] = step;
    }
    step = steps[(step >>> STEP_NEXT_SHIFT) + (byte & 15)]!;
    if ((step & (STEP_EMITS | STEP_FAILS)) !== 0) {
      if ((step & STEP_FAILS) !== 0) return -1;
      target[at++] = step;
    }
  }
  return (step & STEP_MAY_END) === 0 ? -1 : at;
}

/** How many bytes `text`, of characters up to U+00FF, takes when Huffman-coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Encodes `text`, of characters up to U+00FF, into `target` from `at` on; gives the place behind it. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  let next = at;
  // Bits that wait to fill a byte: at most 7, and a code is at most 28 bits long; 35 are too many for one integer, so
  // a long code goes in two halves.
  let bits = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) & 0xff;
    let code = codes[byte]!;
    let length = codeLengths[byte]!;
    if (length > 16) {
      bits = (bits << (length - 16)) | (code >>> 16);
      count += length - 16;
      code &= 0xffff;
      length = 16;
      while (count >= 8) {
        count -= 8;
        target[next++] = bits >>> count;
      }
    }
    bits = (bits << length) | code;
    count += length;
    while (count >= 8) {
      count -= 8;
      target[next++] = bits >>> count;
    }
  }
  if (count > 0) target[next++] = (bits << (8 - count)) | (0xff >>> count);
  return next;
}
