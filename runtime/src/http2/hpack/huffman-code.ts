/**
 * The Huffman code of HPACK, as tables made when the module is loaded (half a millisecond).
 *
 * @see https://www.rfc-editor.org/rfc/rfc7541#appendix-B
 */

// Bits of the code of each byte. The code is canonical: with its lengths given, shorter codes come before longer ones
// and, among equals, lower bytes before higher ones; so the lengths say it all.
// biome-ignore format: sixteen in a row, so that a byte is found by its hexadecimal digits
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
   6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,
   5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
  13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
   7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
  15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,
   6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const EOS = 256;
const MAX_LENGTH = 30;

/** Bits of the code of each byte. */
export const codeLengths = Uint8Array.from(lengths);

/** The code of each byte, in its lowest bits. */
export const codes = new Uint32Array(257);

// A decoder takes four bits at a time: a table of this size (16 KiB) stays in the nearest cache, and no code is shorter
// than five bits, so that a step gives at most one byte.
/** A step of the decoder: the lowest byte is the byte that it gives. */
export const STEP_EMITS = 0x100;
/** The text may end here: what is left over is padding. */
export const STEP_MAY_END = 0x200;
/** There is no such code: the end-of-string code, which may not be in a text. */
export const STEP_FAILS = 0x400;
/** The next state stands above this many bits; it is that state's place in `steps`. */
export const STEP_NEXT_SHIFT = 12;
/** What to do in each state (a node of the code's tree, times 16) on each four bits. */
export const steps = new Uint32Array(256 * 16);

makeCodes();
makeSteps();

function makeCodes(): void {
  let code = 0;
  for (let length = 1; length <= MAX_LENGTH; length++) {
    code *= 2;
    for (let byte = 0; byte <= EOS; byte++) {
      if ((lengths[byte] ?? MAX_LENGTH) === length) codes[byte] = code++;
    }
  }
}

function makeSteps(): void {
  // The inner nodes of the tree; a child is another node (0 and up), or a leaf (-1 - byte).
  const children: Array<[number, number]> = [[0, 0]];
  for (let byte = 0; byte <= EOS; byte++) {
    let node = 0;
    for (let bit = (lengths[byte] ?? MAX_LENGTH) - 1; bit > 0; bit--) {
      const side = (codes[byte]! >>> bit) & 1;
      if (children[node]![side] === 0) children[node]![side] = children.push([0, 0]) - 1;
      node = children[node]![side]!;
    }
    children[node]![codes[byte]! & 1] = -1 - byte;
  }
  // Padding is the beginning of EOS, ones only, of at most seven bits: https://www.rfc-editor.org/rfc/rfc7541#section-5.2
  const mayEnd = new Set<number>();
  for (let node = 0, bits = 0; bits < 8; bits++) {
    mayEnd.add(node);
    node = children[node]![1]!;
  }
  for (let state = 0; state < 256; state++) {
    for (let nibble = 0; nibble < 16; nibble++)
      steps[state * 16 + nibble] = stepOf(children, mayEnd, state, nibble);
  }
}

function stepOf(
  children: ReadonlyArray<readonly [number, number]>,
  mayEnd: ReadonlySet<number>,
  state: number,
  nibble: number,
): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node]![(nibble >> bit) & 1]!;
    if (child === -1 - EOS) return STEP_FAILS;
    if (child < 0) emitted = STEP_EMITS | (-1 - child);
    node = Math.max(child, 0);
  }
  return ((node * 16) << STEP_NEXT_SHIFT) | (mayEnd.has(node) ? STEP_MAY_END : 0) | emitted;
}
