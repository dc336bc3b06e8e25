import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteKey } from "../wire/byte-key.js";
import { ByteIndex } from "./byte-index.js";

const find = (index: ByteIndex, { view, start, length }: ByteKey) => index.find(view, start, length);

/** Adds keys as rows do, each once; gives the number of each. */
function numbersOf(index: ByteIndex, keys: readonly ByteKey[]): number[] {
  let count = 0;
  return keys.map((key) => {
    const known = find(index, key);
    if (known >= 0) return known;
    index.add(key, count);
    return count++;
  });
}

/** What a Map says of the same keys. */
function numbersByMap(keys: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  return keys.map((key) => {
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
}

/** Keys as they stand in a message: one after the other, at any place. */
function inOneMessage(texts: readonly string[]): ByteKey[] {
  const bytes = Buffer.from(`?${texts.join("?")}?`, "latin1");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 1;
  return texts.map((text) => {
    const key = new ByteKey(view, start, text.length);
    start += text.length + 1;
    return key;
  });
}

describe("an index of keys", () => {
  it("agrees with a Map", () => {
    const byte = fc.constantFrom("\u0000", "a", "b", "\u0080", "\u00ff");
    const text = fc.oneof(fc.string({ unit: byte, maxLength: 11 }), fc.string({ maxLength: 40 }));
    const latin1 = text.map((t) => Buffer.from(t, "utf8").toString("latin1"));
    fc.assert(
      fc.property(fc.array(latin1, { maxLength: 300 }), (texts) => {
        expect(numbersOf(new ByteIndex(), inOneMessage(texts))).toEqual(numbersByMap(texts));
        expect(numbersOf(new ByteIndex(), texts.map(ByteKey.of))).toEqual(numbersByMap(texts));
      }),
    );
  });

  it("finds each of 10,000, and none that differs from one in a single byte", () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `order/${String(i).padStart(9, "0")}`);
    const index = new ByteIndex();
    expect(numbersOf(index, inOneMessage(texts))).toEqual(texts.map((_, i) => i));
    expect(texts.map((text) => find(index, ByteKey.of(text)))).toEqual(texts.map((_, i) => i));
    const length = texts[0]!.length;
    for (let at = 0; at < length; at++) {
      const other = `${texts[4711]!.slice(0, at)}?${texts[4711]!.slice(at + 1)}`;
      expect(find(index, ByteKey.of(other))).toBe(-1);
    }
    // Few meet: nearly all find a slot.
    expect(index.rest).toBeLessThan(100);
  });

  it("stays right with keys that all have the same hash, which are compared with few others", () => {
    // Two words and what undoes them, whatever the seed: 2 ** 11 keys that meet in one place.
    const same = ["\0\0\0\0\0\0\0\0", "\0\0\0\u0080\0\0\u0001\u0080"] as const;
    const texts = Array.from({ length: 2 ** 11 }, (_, i) =>
      Array.from({ length: 11 }, (_, bit) => same[((i >> bit) & 1) as 0 | 1]).join(""),
    );
    const index = new ByteIndex();
    expect(numbersOf(index, texts.map(ByteKey.of))).toEqual(texts.map((_, i) => i));
    expect(texts.map((text) => find(index, ByteKey.of(text)))).toEqual(texts.map((_, i) => i));
    expect(find(index, ByteKey.of(`${texts[7]!.slice(0, -8)}????????`))).toBe(-1);
    expect(index.rest).toBe(2 ** 11 - 16);
  });
});
