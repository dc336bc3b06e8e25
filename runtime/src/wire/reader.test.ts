import { describe, expect, it } from "vitest";
import { group, int, len, tag, varint } from "./bytes.test.support.js";
import { WireError } from "./error.js";
import { Reader } from "./reader.js";

const open = (...bytes: number[]) => new Reader(Uint8Array.from(bytes), "").begin();

/** Walks all fields, as generated code does. */
function walk(r: Reader): number[] {
  const { end } = r;
  const tags: number[] = [];
  while (r.pos < end) {
    const t = r.tag();
    tags.push(t);
    r.skip(t);
  }
  r.close(end);
  r.leave(end);
  return tags;
}

describe("a varint", () => {
  it.each([
    ["one byte", [0], 0n],
    ["the largest of one byte", [0x7f], 127n],
    ["two bytes", [0x80, 0x01], 128n],
    ["not minimal, 10 bytes", varint(5, 10), 5n],
    ["64 bits", varint(-1n), 2n ** 64n - 1n],
    ["what is over 64 bits in the tenth byte is dropped", [...Array(9).fill(0xff), 0x7f], 2n ** 64n - 1n],
    ["2^32 + 1", varint(2n ** 32n + 1n), 2n ** 32n + 1n],
    ["2^28", varint(2n ** 28n), 2n ** 28n],
    ["2^35 - 1", varint(2n ** 35n - 1n), 2n ** 35n - 1n],
    ["2^63", varint(2n ** 63n), 2n ** 63n],
  ])("%s", (_, bytes, value) => {
    const r = open(...bytes);
    const at = r.varint();
    expect(r.pos).toBe(bytes.length);
    r.int64At(at);
    expect((BigInt(r.hi >>> 0) << 32n) | BigInt(r.lo >>> 0)).toBe(value);
    expect(r.int32At(at)).toBe(Number(BigInt.asIntN(32, value)));
    expect(r.uint32At(at)).toBe(Number(BigInt.asUintN(32, value)));
    expect(r.nonZero64At(at)).toBe(value !== 0n);
    expect(r.pos).toBe(bytes.length);
  });

  it("is malformed over 10 bytes, skipped or decoded", () => {
    const bytes = [...Array(10).fill(0x80), 0x00];
    expect(() => open(...bytes).varint()).toThrow(WireError);
    expect(() => open(...bytes).int64At(0)).toThrow(WireError);
    expect(() => open(...bytes).tag()).toThrow(WireError);
    expect(() => walk(open(0x08, ...bytes))).toThrow(WireError);
    expect(() => walk(open(0x0a, ...bytes))).toThrow(WireError);
  });
});

describe("a tag", () => {
  it.each([
    ["field 1", 1],
    ["field 15", 15],
    ["field 16", 16],
    ["field 2^28", 2 ** 28],
    ["the largest field", 536_870_911],
  ])("%s", (_, field) => {
    for (const wire of [0, 1, 2, 5]) {
      const r = open(...tag(field, wire));
      const t = r.tag();
      expect(t).toBe(field * 8 + wire);
      expect(t >>> 3).toBe(field);
    }
  });

  it("may be longer than it needs to be", () => {
    expect(open(0x88, 0x80, 0x80, 0x00).tag()).toBe(8);
    expect(open(...varint(8, 10)).tag()).toBe(8);
  });

  it.each([
    ["field number 0", [0x00]],
    ["field number 0 with a wire type", [0x02, 0x00]],
    ["field number 0 in several bytes", [0x80, 0x00]],
    ["a field number over 29 bits", varint(2n ** 32n)],
    ["a field number over 29 bits, at the top", varint(2n ** 63n + 8n)],
    ["wire type 6", [0x0e, 0x00]],
    ["wire type 7", [0x0f, 0x00]],
    ["the end of a group that never began", tag(1, 4)],
  ])("malformed: %s", (_, bytes) => {
    expect(() => walk(open(...bytes))).toThrow(WireError);
  });
});

describe("truncation", () => {
  const message = [
    ...int(1, 300),
    ...len(2, "hello"),
    ...tag(3, 1), ...Array(8).fill(7),
    ...tag(4, 5), ...Array(4).fill(7),
    ...group(5, [...int(1, 1), ...group(2, len(3, "x"))]),
    ...int(536_870_911, -1),
    ...len(17, Array(200).fill(1)),
  ]; // biome-ignore format: one field a line
  // Where a field ends, what is before is a message.
  const ends = new Set([0]);
  const r = open(...message);
  while (r.pos < message.length) {
    r.skip(r.tag());
    ends.add(r.pos);
  }

  it("is found at every byte", () => {
    for (let n = 0; n <= message.length; n++) {
      const cut = () => walk(open(...message.slice(0, n)));
      if (ends.has(n)) expect(cut).not.toThrow();
      else expect(cut, `at ${n}`).toThrow(WireError);
    }
  });

  it("is found where the bytes are there, but belong to what comes after the message", () => {
    for (let n = 0; n <= message.length; n++) {
      const bytes = [...tag(1, 2), ...varint(n), ...message, ...len(9, Array(300).fill(0))];
      const inner = () => {
        const outer = open(...bytes);
        outer.tag();
        walk(outer.next());
      };
      if (ends.has(n)) expect(inner).not.toThrow();
      else expect(inner, `at ${n}`).toThrow(WireError);
    }
  });

  it("is found where a length runs past the enclosing message", () => {
    // The inner message claims a byte of the outer one's next field.
    const bytes = [...tag(1, 2), 3, ...tag(1, 2), 2, 0x08, ...int(2, 1)];
    const r = open(...bytes);
    r.tag();
    const stop = r.next().end;
    expect(() => {
      while (r.pos < stop) r.skip(r.tag());
      r.close(stop);
    }).toThrow(WireError);
  });

  it.each([
    ["over 2 GiB", varint(2n ** 31n)],
    ["over 4 GiB", varint(2n ** 32n)],
    ["of all bits", varint(-1n)],
    ["just below 2 GiB", varint(2n ** 31n - 1n)],
  ])("a length %s", (_, length) => {
    expect(() => walk(open(0x0a, ...length, 1, 2, 3))).toThrow(WireError);
    for (const read of ["bytes", "packed"] as const)
      expect(() => open(...length, 1, 2, 3)[read]()).toThrow(WireError);
    expect(() => open(...length, 1, 2, 3).message(0)).toThrow(WireError);
    const r = open(0x0a, ...length, 1, 2, 3);
    r.tag();
    expect(() => walk(r.next())).toThrow(WireError);
  });

  it("accepts lengths in more bytes than they need", () => {
    expect(walk(open(0x0a, 0x83, 0x80, 0x00, 1, 2, 3))).toEqual([0x0a]);
  });
});

describe("groups", () => {
  it.each([
    ["one that does not end", tag(1, 3)],
    ["one that ends as another", [...tag(1, 3), ...tag(2, 4)]],
    ["two that cross", [...tag(1, 3), ...tag(2, 3), ...tag(1, 4), ...tag(2, 4)]],
    ["field number 0 in one", [...tag(1, 3), 0, 0, ...tag(1, 4)]],
    ["wire type 7 in one", [...tag(1, 3), 0x0f, ...tag(1, 4)]],
  ])("malformed: %s", (_, bytes) => {
    expect(() => walk(open(...bytes))).toThrow(WireError);
    expect(() => {
      const r = open(...bytes);
      r.group(r.tag(), 0);
    }).toThrow(WireError);
  });

  it("opens what is in one, and steps over its end", () => {
    const r = open(...group(1, [...int(1, 5), ...group(2, int(3, 1))]), ...int(2, 9));
    const inner = r.nextGroup(r.tag());
    const stop = inner.end;
    expect(walk(inner)).toEqual([0x08, 0x13]);
    r.leaveGroup(stop);
    expect(r.tag()).toBe(0x10);
  });

  it("merges groups of one field", () => {
    const r = open(...group(1, int(1, 5)), ...group(1, int(2, 6)));
    let at = 0;
    at = r.group(r.tag(), at);
    at = r.group(r.tag(), at);
    expect(walk(r.enter(at))).toEqual([0x08, 0x10]);
  });
});

describe("nesting", () => {
  const nested = (levels: number) => {
    let bytes: number[] = [];
    for (let i = 1; i < levels; i++) bytes = len(1, bytes);
    return Uint8Array.from(bytes);
  };
  const groups = (levels: number) => [
    ...Array(levels - 1).fill(0x0b),
    ...Array(levels - 1).fill(0x0c),
  ]; // biome-ignore format: as it is

  function descend(r: Reader): void {
    const { end } = r;
    let at = 0;
    while (r.pos < end) {
      r.tag();
      at = r.message(at);
    }
    r.close(end);
    if (at !== 0) descend(r.enter(at));
    r.leave(end);
  }

  // The outermost message is the first of them, as in protobuf-es.
  it("of 100 messages is fine, of 101 malformed", () => {
    descend(new Reader(nested(100), "").begin());
    expect(() => descend(new Reader(nested(101), "").begin())).toThrow(WireError);
  });

  it("of 100 groups is fine, of 101 malformed, also where they are only skipped", () => {
    expect(walk(open(...groups(100)))).toEqual([0x0b]);
    expect(() => walk(open(...groups(101)))).toThrow(WireError);
    expect(() => walk(open(...Array(100_000).fill(0x0b)))).toThrow(WireError);
  });

  it("is counted by what is open, not by what was", () => {
    const r = open(...Array(300).fill(len(1, [])).flat());
    const { end } = r;
    while (r.pos < end) {
      r.tag();
      walk(r.next());
    }
    r.close(end);
  });
});

describe("split sub-messages", () => {
  it("merge, at several levels", () => {
    // a { b { 1 } c } , a { b { 2 } } , a {}
    const r = open(
      ...len(1, [...len(2, int(1, 1)), ...int(3, 3)]),
      ...len(1, len(2, int(4, 2))),
      ...len(1, []),
    );
    let a = 0;
    while (r.pos < r.end) {
      r.tag();
      a = r.message(a);
    }
    const { end } = r.enter(a);
    let b = 0;
    const tags: number[] = [];
    while (r.pos < end) {
      const t = r.tag();
      tags.push(t);
      if (t === 18) b = r.message(b);
      else r.skip(t);
    }
    r.close(end);
    expect(tags).toEqual([18, 24, 18]);
    expect(walk(r.enter(b))).toEqual([8, 32]);
  });

  it("cost what their bytes cost: 100,000 pieces", () => {
    const bytes = Uint8Array.from(
      Array(100_000)
        .fill(len(1, int(1, 1)))
        .flat(),
    );
    const started = performance.now();
    const r = new Reader(bytes, "").begin();
    let at = 0;
    while (r.pos < r.end) {
      r.tag();
      at = r.message(at);
    }
    expect(walk(r.enter(at))).toHaveLength(100_000);
    expect(r.buffer.length).toBeLessThan(bytes.length * 8);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  // Each level is two pieces, and the second holds all the rest: every level is copied once more.
  function splitAtEveryLevel(levels: number, padding: number): Reader {
    let bytes: number[] = int(1, 1);
    for (let i = 0; i < levels; i++) {
      bytes = [
        ...len(1, []),
        ...len(1, [...bytes, ...(padding === 0 ? [] : len(9, Array(padding).fill(1)))]),
      ];
    }
    return new Reader(Uint8Array.from(bytes), "").begin();
  }

  /** Walks down; gives the number of levels. */
  function descend(r: Reader): number {
    const { end } = r;
    let at = 0;
    while (r.pos < end) {
      const t = r.tag();
      if (t === 10) at = r.message(at);
      else r.skip(t);
    }
    r.close(end);
    const below = at === 0 ? 0 : descend(r.enter(at));
    r.leave(end);
    return below + 1;
  }

  it("are bounded where they are split at every level", () => {
    const r = splitAtEveryLevel(60, 300);
    expect(() => descend(r)).toThrow(WireError);
    expect(r.buffer.length).toBeLessThan(r.byteLength * 17);
  });

  it("of a small message are not too many at any depth", () => {
    const r = splitAtEveryLevel(50, 0);
    expect(r.byteLength).toBeLessThan(400);
    expect(descend(r)).toBe(51);
  });

  it("may be read again and again, as found rows are, without more room", () => {
    const bytes = Uint8Array.from([...len(1, int(1, 1)), ...len(1, int(2, 2))]);
    const r = new Reader(bytes, "");
    for (let i = 0; i < 10_000; i++) {
      r.range(0, bytes.length);
      let at = 0;
      while (r.pos < bytes.length) {
        r.tag();
        at = r.message(at);
      }
      expect(walk(r.enter(at))).toEqual([8, 16]);
    }
    expect(r.buffer.length).toBeLessThan(100);
  });
});

describe("strings", () => {
  it("are read at their offset", () => {
    for (const text of ["", "a", "é", "€uro", "𝄞", "x".repeat(127), "x".repeat(128), "ü".repeat(200)]) {
      const r = open(...len(1, text));
      r.tag();
      const at = r.bytes();
      expect(r.textAt(at)).toBe(text);
      expect(r.lengthAt(at)).toBe(Buffer.byteLength(text));
      expect(Buffer.from(r.latin1At(at), "latin1").toString()).toBe(text);
      expect(r.stringKeyAt(at)).toBe(r.latin1At(at));
    }
  });

  it("that are not UTF-8 are malformed where it matters", () => {
    const r = open(...len(1, [0xff]));
    r.tag();
    const at = r.bytes();
    expect(() => r.textAt(at)).toThrow(WireError);
    expect(() => r.stringKeyAt(at)).toThrow(WireError);
    expect(() => r.checkUtf8(at)).toThrow(WireError);
    expect(r.latin1At(at)).toBe("\xff");
  });
});

describe("select", () => {
  it("opens the message at a path, merged, and an empty one where there is none", () => {
    const r = open(...len(1, len(2, int(1, 1))), ...len(1, len(2, int(2, 2))));
    expect(walk(r.select(10, 18))).toEqual([8, 16]);
    expect(walk(r.select(10, 26))).toEqual([]);
    expect(walk(r.select(26, 18))).toEqual([]);
    const grouped = open(...group(1, group(2, int(1, 1))));
    expect(walk(grouped.select(11, 19))).toEqual([8]);
  });
});

it("says in its error where the bytes came from", () => {
  const thrown = (origin: string) => {
    try {
      walk(new Reader(Uint8Array.of(0), origin).begin());
    } catch (error) {
      return error as WireError;
    }
    throw new Error("not thrown");
  };
  expect(thrown("").origin).toBe("");
  expect(thrown("/a.B/C")).toMatchObject({ origin: "/a.B/C", name: "WireError" });
  expect(thrown("/a.B/C").message).toContain("/a.B/C");
});
