/**
 * The most bytes that are worth copying here; more are copied faster by `Uint8Array.set`, with the view it needs.
 */
export const COPY_BYTES = 192;

/** Four bytes at once: the bit that no ASCII character has, in each. */
const HIGH_BITS = 0x80808080;

/**
 * Copies bytes [start, end) to `at`, four at a time; all must lie within the views. Tells whether they are all ASCII,
 * which is known by the way.
 */
export function copyShort(from: DataView, start: number, end: number, to: DataView, at: number): boolean {
  let bits = 0;
  const by = at - start;
  if (end - start < 4) {
    for (let i = start; i < end; i++) {
      const byte = from.getUint8(i);
      bits |= byte;
      to.setUint8(i + by, byte);
    }
    return bits < 0x80;
  }
  // The last four overlap those before them, so that no rest is left for a loop over single bytes.
  const last = end - 4;
  for (let i = start; i < last; i += 4) {
    const four = from.getInt32(i, true);
    bits |= four;
    to.setInt32(i + by, four, true);
  }
  const four = from.getInt32(last, true);
  to.setInt32(last + by, four, true);
  return ((bits | four) & HIGH_BITS) === 0;
}
