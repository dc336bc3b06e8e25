import { it } from "vitest";
import { fuzzRuns, fuzzSeed, numbers, type Random, runSeeds } from "../random.test.support.js";
import { type BlockKind, Decoded, HpackDecoder } from "./decoder.js";
import { huffmanEncode, huffmanLength } from "./huffman.js";
import { listBytes, MalformedBlock, ReferenceDecoder } from "./reference.test.support.js";

const runs = fuzzRuns(50_000);
const limits = { maxTableBytes: 4096, maxListBytes: 2_000, maxFields: 20 };
const names = [":status", ":path", "x-a", "content-type", "X-Upper", "", "long-".repeat(20)];

function anyText(random: Random): string {
  if (random(3) === 0) return names[random(names.length)]!;
  const length = random(20) === 0 ? random(600) : random(12);
  return String.fromCharCode(
    ...Array.from({ length }, () => (random(8) === 0 ? random(256) : 97 + random(26))),
  );
}

function integer(value: number, prefix: number, flags: number): number[] {
  const most = 2 ** prefix - 1;
  if (value < most) return [flags | value];
  const bytes = [flags | most];
  let left = value - most;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}

function string(text: string, random: Random): number[] {
  if (random(2) === 0) return [...integer(text.length, 7, 0), ...Buffer.from(text, "latin1")];
  const coded = Buffer.alloc(huffmanLength(text));
  huffmanEncode(text, coded, 0);
  return [...integer(coded.length, 7, 128), ...coded];
}

function anyIndex(random: Random): number {
  // Of ":path" and "authorization", which are remembered.
  if (random(4) === 0) return random(2) === 0 ? 4 : 23;
  return random(30) === 0 ? random(300_000) : 1 + random(70);
}

// Fields that came before come again.
const fieldsBefore: number[][] = new Array(8).fill([]);

function anyField(random: Random): number[] {
  const at = random(fieldsBefore.length);
  if (random(3) > 0 || fieldsBefore[at]!.length === 0) fieldsBefore[at] = newField(random);
  return fieldsBefore[at]!;
}

function newField(random: Random): number[] {
  const kind = random(10);
  if (kind < 4) return integer(anyIndex(random), 7, 128);
  const [prefix, flags] = kind < 8 ? [6, 64] : [4, random(2) * 16];
  const named = random(2) === 0;
  const start = integer(named ? anyIndex(random) : 0, prefix!, flags!);
  return [...start, ...(named ? [] : string(anyText(random), random)), ...string(anyText(random), random)];
}

function anyCount(random: Random): number {
  const { maxFields } = limits;
  switch (random(20)) {
    case 0:
      return random(100);
    case 1:
      return maxFields - 1 + random(3);
    default:
      return random(8);
  }
}

/** A block; in a third of all, some bytes are changed, cut out or doubled. */
function anyBlock(random: Random): number[] {
  const parts: number[][] = [];
  for (let i = random(10) === 0 ? random(4) : 0; i > 0; i--) {
    parts.push(integer([0, 31, 100, 4000, 4096, 4097][random(6)]!, 5, 32));
  }
  for (let i = anyCount(random); i > 0; i--) parts.push(anyField(random));
  // Now and then only the beginning: of an integer, a length, a text.
  const all = parts.flat();
  const block = random(8) === 0 ? all.slice(0, random(all.length + 1)) : all;
  for (let changes = Math.max(0, random(6) - 3); changes > 0; changes--) {
    const at = random(block.length + 1);
    if (random(3) > 0) block[at] = random(256);
    else if (random(2) === 0) block.splice(at, random(5));
    else block.splice(at, 0, ...block.slice(at, at + random(20)));
  }
  return block;
}

/** The same blocks to both decoders; throws where they differ. */
function compare(seed: number): void {
  const random = numbers(seed);
  const reference = new ReferenceDecoder(limits.maxTableBytes);
  const decoder = new HpackDecoder(limits);
  fieldsBefore.fill([]);
  const fieldsOf: unknown[][] = [[], [], []];
  const count = 1 + random(6);
  let block = anyBlock(random);
  for (let i = 0; i < count; i++) {
    // A block often comes again.
    if (random(3) > 0) block = anyBlock(random);
    let expected: Array<[string, string]> | undefined;
    try {
      expected = reference.decode(block);
    } catch (thrown) {
      if (!(thrown instanceof MalformedBlock)) throw thrown;
    }
    // What lies around it may not matter: it is random each time.
    const before = random(8);
    const bytes = Buffer.from([...around(before, random), ...block, ...around(8, random)]);
    const kind = random(3) as BlockKind;
    const how = decoder.decode(bytes, before, before + block.length, kind);
    if (how === Decoded.MALFORMED || how === Decoded.FLOOD) {
      const flood = expected === undefined || isOver(expected, 4);
      if (how === Decoded.MALFORMED ? expected !== undefined : !flood) throw new Error(`${how}: ${block}`);
      return;
    }
    if (expected === undefined) throw new Error(`taken, and malformed: ${block}`);
    if (decoder.tableBytes !== reference.tableBytes) throw new Error(`the table differs: ${block}`);
    const tooLong = isOver(expected, 1);
    if (tooLong !== (how === Decoded.TOO_LONG)) throw new Error(`too long? ${how}: ${block}`);
    if (tooLong) continue;
    if (how !== Decoded.SAME) {
      fieldsOf[kind] = decoder.fields.slice(0, decoder.count).map(({ name, value }) => [name, value]);
    }
    if (JSON.stringify(fieldsOf[kind]) !== JSON.stringify(expected)) throw new Error(`fields: ${block}`);
  }
}

function isOver(fields: ReadonlyArray<[string, string]>, factor: number): boolean {
  return listBytes(fields) > limits.maxListBytes * factor || fields.length > limits.maxFields * factor;
}

function around(length: number, random: Random): number[] {
  return Array.from({ length }, () => random(256));
}

it(`blocks are what the reference says (seed ${fuzzSeed}, ${runs} sequences)`, { timeout: 7_200_000 }, () => {
  runSeeds(runs, compare);
});
