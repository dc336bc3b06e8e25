import { describe, expect, it } from "vitest";
import { int, len, tag, varint } from "./bytes.test.support.js";
import { WireError } from "./error.js";
import { MapEntries } from "./map-entries.js";
import { Reader } from "./reader.js";

function read(entries: MapEntries, ...contents: number[][]): Reader {
  const r = new Reader(Uint8Array.from(contents.flatMap((content) => len(1, content))), "").begin();
  const { end } = r;
  while (r.pos < end) {
    r.tag();
    entries.add(r);
  }
  r.close(end);
  return r;
}

const text = () => new MapEntries("string", 2, 2, false);

describe("entries of a map", () => {
  it("with the same key: the last one wins, whole", () => {
    const entries = text();
    const r = read(entries, [...len(1, "a"), ...len(2, "1")], [...len(1, "b"), ...len(2, "2")], len(1, "a"));
    expect(entries.keys.map((at) => r.textAt(at))).toEqual(["a", "b"]);
    // The last "a" has no value: its default, and not the first one's.
    expect(entries.values[0]).toBe(0);
    expect(r.textAt(entries.values[1]!)).toBe("2");
  });

  it("without a key have the default one", () => {
    const entries = text();
    read(entries, len(2, "1"), [...len(1, ""), ...len(2, "2")], []);
    expect(entries.size).toBe(1);
    const numbers = new MapEntries("int32", 0, 0, false);
    read(numbers, int(2, 1), [...int(1, 0), ...int(2, 2)], [...varint(8), ...varint(0, 10)]);
    expect(numbers.size).toBe(1);
  });

  it.each([
    ["int32", 0, varint(-1), varint(2n ** 32n - 1n)],
    ["uint64", 0, varint(-1), varint(-1, 10)],
    ["bool", 0, varint(1), varint(2)],
    ["sint32", 0, varint(1), varint(1, 5)],
    ["fixed32", 5, [1, 0, 0, 0], [1, 0, 0, 0]],
    ["sfixed64", 1, Array(8).fill(255), Array(8).fill(255)],
  ] as const)("of %s keys compare by value", (type, wire, a, b) => {
    const entries = new MapEntries(type, wire, 0, false);
    read(entries, [...tag(1, wire), ...a], [...tag(1, wire), ...b]);
    expect(entries.size).toBe(1);
  });

  it("take the last key and value within one, and merge a message in pieces", () => {
    const entries = new MapEntries("string", 2, 2, true);
    const r = read(entries, [
      ...len(2, int(1, 1)),
      ...len(1, "a"),
      ...int(9, 9),
      ...len(2, int(2, 2)),
      ...len(1, "b"),
    ]);
    expect(r.textAt(entries.keys[0]!)).toBe("b");
    r.enter(entries.values[0]!);
    expect(r.tag()).toBe(8);
    r.varint();
    expect(r.tag()).toBe(16);
  });

  it("skip what is of another type, and are malformed where they are cut off", () => {
    const entries = text();
    read(entries, [...int(1, 5), ...int(2, 5)]);
    expect(entries.keys).toEqual([0]);
    expect(() => read(text(), [...tag(1, 2), 9, 0x61])).toThrow(WireError);
    expect(() => read(text(), len(1, [0xff]))).toThrow(WireError);
  });

  it("with a number that a closed enum does not have are as if they were not there", () => {
    const entries = new MapEntries("int32", 0, 0, false, (value) => value === 5);
    read(
      entries,
      [...int(1, 1), ...int(2, 5)],
      [...int(1, 1), ...int(2, 6)],
      [...int(1, 2), ...int(2, 7)],
      int(1, 3),
    );
    expect(entries.size).toBe(2);
    expect(entries.values[0]).not.toBe(0);
    expect(entries.values[1]).toBe(0);
  });
});
