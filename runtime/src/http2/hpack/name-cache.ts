import { huffmanDecode } from "./huffman.js";

const SLOTS = 256;
/** Longer ones are not looked up here. */
export const LONGEST_CACHED_NAME = 32;

interface CachedName {
  readonly bytes: Buffer;
  readonly name: string;
}

// Names that clients spell out, by the bytes they spell them with, plain and Huffman-coded alike in tables of their own;
// for all connections. A slot holds the name that was read last: whoever fills them with nonsense only loses time.
const plain: Array<CachedName | undefined> = new Array(SLOTS).fill(undefined);
const coded: Array<CachedName | undefined> = new Array(SLOTS).fill(undefined);
const scratch = Buffer.allocUnsafeSlow(LONGEST_CACHED_NAME * 2);

/**
 * The text of a literal name at `block[start..end)`, of at most LONGEST_CACHED_NAME bytes; undefined if it is malformed. The few names there are come again
 * and again: to find one by its bytes costs 30 ns, to make a text of them 200, and as a key that is made anew 50 more.
 */
export function readName(block: Buffer, start: number, end: number, isCoded: boolean): string | undefined {
  const length = end - start;
  let hash = length;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + block[i]!) | 0;
  const slots = isCoded ? coded : plain;
  const slot = (hash ^ (hash >>> 8)) & (SLOTS - 1);
  const cached = slots[slot];
  if (cached !== undefined && equal(cached.bytes, block, start, length)) return cached.name;
  let name: string;
  if (isCoded) {
    const decoded = huffmanDecode(block, start, end, scratch);
    if (decoded < 0) return undefined;
    name = scratch.toString("latin1", 0, decoded);
  } else {
    name = block.toString("latin1", start, end);
  }
  slots[slot] = { bytes: Buffer.from(block.subarray(start, end)), name };
  return name;
}

function equal(bytes: Buffer, block: Buffer, start: number, length: number): boolean {
  if (bytes.byteLength !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== block[start + i]) return false;
  return true;
}
