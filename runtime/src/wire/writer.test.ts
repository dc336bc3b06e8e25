import { BinaryReader } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { int, len, tag, varint } from "./bytes.test.support.js";
import { TooLongError, WireError } from "./error.js";
import { Reader } from "./reader.js";
import { Writer } from "./writer.js";

const MAX = 64 * 1024 * 1024;

describe("a sub-message", () => {
  const hints = [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 300_000_000];

  it.each([0, 1, 127, 128, 129, 16_383, 16_384, 16_385])(
    "of %i bytes, whatever its length was thought to be",
    (size) => {
      for (const hint of hints) {
        const w = new Writer(MAX);
        w.uint32(8, 1);
        const opened = w.open(18, hint);
        w.raw(Uint8Array.from({ length: size }, (_, i) => i % 251));
        w.close(opened);
        w.uint32(24, 3);
        const r = new BinaryReader(w.finish());
        expect([r.tag()[0], r.uint32()]).toEqual([1, 1]);
        expect(r.tag()[0]).toBe(2);
        expect([...r.bytes()]).toEqual(Array.from({ length: size }, (_, i) => i % 251));
        expect([r.tag()[0], r.uint32()]).toEqual([3, 3]);
        expect(r.pos).toBe(r.len);
      }
    },
  );

  it("moves with what is in it, at each level", () => {
    for (const hint of hints) {
      const w = new Writer(MAX);
      const levels = Array.from({ length: 5 }, () => w.open(10, hint));
      w.raw(new Uint8Array(126).fill(7));
      for (const opened of levels.reverse()) w.close(opened);
      let expected = [...new Uint8Array(126).fill(7)];
      for (let i = 0; i < 5; i++) expected = len(1, expected);
      expect([...w.finish()]).toEqual(expected);
    }
  });

  it("of 2 MiB and more", () => {
    for (const size of [2_097_151, 2_097_152]) {
      const w = new Writer(MAX);
      const opened = w.open(10, 0);
      w.raw(new Uint8Array(size).fill(9));
      w.close(opened);
      const r = new BinaryReader(w.finish());
      r.tag();
      expect(r.bytes().length).toBe(size);
    }
  });
});

describe("sub-messages one after the other", () => {
  it("are right, however their lengths differ from what was thought and from each other", () => {
    const size = fc.constantFrom(0, 1, 100, 127, 128, 129, 300, 16_383, 16_384);
    const message = fc.record({ size, hint: size, inner: size, innerHint: size, isDropped: fc.boolean() });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const w = new Writer(MAX);
        const expected: number[] = [];
        const all = w.open(10, 50);
        for (const { size, hint, inner, innerHint, isDropped } of messages) {
          const mark = w.pos;
          const opened = w.open(18, hint);
          const nested = w.open(26, innerHint);
          w.raw(new Uint8Array(inner).fill(7));
          w.close(nested);
          w.raw(new Uint8Array(size).fill(9));
          if (isDropped) w.rewind(mark);
          else {
            w.close(opened);
            const content = [...len(3, new Array(inner).fill(7)), ...new Array<number>(size).fill(9)];
            expected.push(...len(2, content));
          }
        }
        w.close(all);
        expect(Buffer.compare(w.finish(), Uint8Array.from(len(1, expected)))).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("strings and bytes", () => {
  const at = (r: Reader, method: "copyString" | "copyBytes", tag: number) => {
    const w = new Writer(MAX);
    w[method](tag, r, 1);
    return [...w.finish()];
  };
  const ascii = Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(10));

  it("of all lengths up to 400 are copied whole, wherever they stand", () => {
    for (let length = 0; length <= 400; length++) {
      const content = [...ascii.subarray(0, length)];
      const framed = Uint8Array.from(len(1, content));
      const inside = Buffer.concat([Uint8Array.of(1, 2, 3), framed]).subarray(3);
      for (const bytes of [framed, inside]) {
        const r = new Reader(bytes, "");
        for (const field of [1, 16]) {
          expect(at(r, "copyString", field * 8 + 2)).toEqual(len(field, content));
          expect(at(r, "copyBytes", field * 8 + 2)).toEqual(len(field, content));
        }
      }
    }
  });

  it("are checked at every byte, and only if they are strings", () => {
    for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 36, 191, 192, 193, 250]) {
      for (let i = 0; i < length; i++) {
        const content = [...ascii.subarray(0, length)];
        content[i] = 0xff;
        const r = new Reader(Uint8Array.from(len(1, content)), "");
        expect(() => at(r, "copyString", 10)).toThrow(WireError);
        expect(at(r, "copyBytes", 10)).toEqual(len(1, content));
      }
    }
  });

  it("may have lengths that are longer than they need to be", () => {
    const r = new Reader(Uint8Array.of(10, 0x82, 0x80, 0x00, 0x61, 0x62), "");
    expect(at(r, "copyString", 10)).toEqual(len(1, [0x61, 0x62]));
    expect(at(r, "copyBytes", 10)).toEqual(len(1, [0x61, 0x62]));
  });
});

describe("values", () => {
  it.each<[string, (w: Writer) => void, number[]]>([
    ["int32", (w) => w.int32(8, 300), int(1, 300)],
    ["a negative int32", (w) => w.int32(8, -2), int(1, -2)],
    ["the smallest int32", (w) => w.int32(8, -(2 ** 31)), int(1, -(2 ** 31))],
    ["uint32", (w) => w.uint32(8, 2 ** 32 - 1), int(1, 2 ** 32 - 1)],
    ["int64", (w) => w.int64(8, -1, 0x7fff_ffff), int(1, 2n ** 63n - 1n)],
    ["a negative int64", (w) => w.int64(8, -1, -1), int(1, -1)],
    ["fixed32", (w) => w.fixed32(13, -2), [...tag(1, 5), 0xfe, 0xff, 0xff, 0xff]],
    ["fixed64", (w) => w.fixed64(9, 1, -1), [...tag(1, 1), 1, 0, 0, 0, 255, 255, 255, 255]],
    ["double", (w) => w.double(9, 1), [...tag(1, 1), 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]],
    ["text", (w) => w.text(10, "é"), len(1, "é")],
    ["bytes by characters", (w) => w.latin1(10, "\xff\x00"), len(1, [255, 0])],
    ["the largest field number", (w) => w.uint32(536_870_911 * 8, 1), int(536_870_911, 1)],
    ["no tag, as in packed fields", (w) => w.int32(0, 1), [1]],
  ])("%s", (_, write, bytes) => {
    const w = new Writer(MAX);
    write(w);
    expect([...w.finish()]).toEqual(bytes);
  });

  it.each([0, 1, 47, 48, 49, 95, 96, 97, 127, 128, 5000, 20_000])(
    "strings of %i bytes are copied",
    (size) => {
      for (const text of ["x".repeat(size), `${"x".repeat(Math.max(size - 2, 0))}é`]) {
        const bytes = len(1, text);
        for (const copy of ["copyString", "copyBytes"] as const) {
          const r = new Reader(Uint8Array.from([...bytes, 1, 2, 3]), "").begin();
          r.tag();
          const w = new Writer(MAX);
          w[copy](10, r, r.bytes());
          expect([...w.finish()]).toEqual(bytes);
        }
      }
    },
  );

  it("strings that are not UTF-8 are malformed, of any length", () => {
    for (const size of [0, 10, 47, 48, 96, 97, 200]) {
      for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
        for (const content of [
          [...Array(size).fill(0x61), ...bad],
          [...bad, ...Array(size).fill(0x61)],
        ]) {
          // Valid bytes behind it do not make it whole.
          const r = new Reader(Uint8Array.from([...len(1, content), 0xac]), "").begin();
          r.tag();
          const at = r.bytes();
          expect(() => new Writer(MAX).copyString(10, r, at)).toThrow(WireError);
          expect([...new Writer(MAX).finish()]).toEqual([]);
        }
      }
    }
  });

  it("varints are copied as they are, up to 10 bytes", () => {
    for (const bytes of [[0], [0x80, 0], varint(-1), varint(1, 10)]) {
      const w = new Writer(MAX);
      w.copyVarint(8, new Reader(Uint8Array.from([...bytes, 0xff]), ""), 0);
      expect([...w.finish()]).toEqual([8, ...bytes]);
    }
  });
});

describe("the bound", () => {
  it("is exact", () => {
    for (const max of [0, 1, 100, 20_000, 100_000]) {
      const fits = new Writer(max);
      fits.raw(new Uint8Array(max));
      expect(fits.finish().length).toBe(max);
      expect(() => {
        const w = new Writer(max);
        w.raw(new Uint8Array(max));
        w.uint32(0, 1);
        w.finish();
      }).toThrow(TooLongError);
    }
  });

  it("keeps the buffer from growing far over it", () => {
    const w = new Writer(100_000);
    expect(() => {
      for (;;) w.raw(new Uint8Array(1000));
    }).toThrow(TooLongError);
    expect(w.pos).toBeLessThanOrEqual(100_032);
  });
});

it("keeps what it gave out, whatever is written later", () => {
  const first = new Writer(MAX);
  first.text(10, "first");
  const bytes = first.finish();
  const copy = [...bytes];
  const a = new Writer(MAX);
  const b = new Writer(MAX);
  a.text(10, "aaaaaaaaaa");
  b.text(10, "bbbbbbbbbb");
  expect([...bytes]).toEqual(copy);
  expect(Buffer.from(a.finish()).toString()).toContain("aaaaaaaaaa");
  expect(Buffer.from(b.finish()).toString()).toContain("bbbbbbbbbb");
});

it("forgets what was written since a mark", () => {
  const w = new Writer(MAX);
  w.uint32(8, 1);
  const mark = w.pos;
  const opened = w.open(18, 5);
  w.text(10, "gone");
  w.close(opened);
  w.rewind(mark);
  w.uint32(24, 3);
  expect([...w.finish()]).toEqual([8, 1, 24, 3]);
});
