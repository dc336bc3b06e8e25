import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key } from "../wire/scalar.js";
import { KeyArena } from "./key-arena.js";

const bytesOf = (key: Key | readonly Key[]) => new KeyArena().write(key).latin1();

describe("keys as bytes", () => {
  it.each<[Key | readonly Key[], Key | readonly Key[]]>([
    [0, -1],
    [1, 2 ** 32 + 1],
    [-1, 2 ** 32 - 1],
    [-(2 ** 53) + 1, 2 ** 53 - 1],
    [2n ** 63n, -(2n ** 63n)],
    [2n ** 64n - 1n, -1],
    [2n ** 60n, 2n ** 60n + 1n],
    [
      ["a", "bc"],
      ["ab", "c"],
    ],
    [
      ["", "a"],
      ["a", ""],
    ],
    [[1, 2], [12]],
    [[1], ["1"]],
    [["a"], ["a", ""]],
  ])("of %o and %o differ", (a, b) => {
    expect(bytesOf(a)).not.toBe(bytesOf(b));
    expect(bytesOf(a)).toBe(bytesOf(a));
  });

  it("are those of a number, whether it is a bigint or not", () => {
    const integer = fc.oneof(fc.maxSafeInteger(), fc.integer());
    fc.assert(
      fc.property(integer, (value) => {
        expect(bytesOf(value)).toBe(bytesOf(BigInt(value)));
      }),
    );
  });

  it("differ where tuples do", () => {
    const byte = fc.constantFrom("\0", "\u0001", "a", "\u00ff");
    const part = fc.oneof(
      fc.string({ unit: byte, maxLength: 6 }),
      fc.integer(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    );
    const tuple = fc.array(part, { maxLength: 3 });
    const equal = (a: readonly Key[], b: readonly Key[]) =>
      a.length === b.length && a.every((value, i) => value === b[i]);
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        expect(bytesOf(a) === bytesOf(b)).toBe(equal(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  it("stay where they are while others are written, if they were kept", () => {
    const arena = new KeyArena();
    const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${"x".repeat(i % 97)}`);
    const kept = texts.map((text) => {
      arena.write(["lost", text]);
      const key = arena.write([text, 7]);
      arena.keep();
      return key;
    });
    expect(kept.map((key) => key.latin1())).toEqual(texts.map((text) => bytesOf([text, 7])));
    const large = "y".repeat(300_000);
    expect(arena.write(large).latin1()).toBe(bytesOf(large));
  });
});
