import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { int, len, tag } from "./bytes.test.support.js";
import { WireError } from "./error.js";
import { Reader } from "./reader.js";
import { convert, keyAt, type Scalar, writeKey } from "./scalar.js";
import { Writer } from "./writer.js";

type Integer = Exclude<Scalar, "double" | "float" | "bool" | "string" | "bytes" | "enum">;

const signed = ["int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64"] as const;
const unsigned = ["uint32", "fixed32", "uint64", "fixed64"] as const;

/** Each fitting pair, as the plan allows them. */
const pairs = [signed, unsigned].flatMap((types) =>
  types.flatMap((from) =>
    types.flatMap((to) => (from.includes("64") && to.includes("32") ? [] : [[from, to] as const])),
  ),
);

const bounds = (type: Integer): [bigint, bigint] => {
  const bits = type.includes("64") ? 64n : 32n;
  return type.startsWith("u") || type.startsWith("f")
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
};

const values = (type: Integer) => {
  const [min, max] = bounds(type);
  const edges = [
    0n,
    1n,
    127n,
    128n,
    -1n,
    -128n,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 53n,
    -(2n ** 53n) - 1n,
    min,
    max,
  ];
  return fc.oneof(fc.constantFrom(...edges.filter((v) => v >= min && v <= max)), fc.bigInt({ min, max }));
};

function encoded(type: Integer, value: bigint): Reader {
  const write = new BinaryWriter();
  (write[type] as (v: bigint | number) => BinaryWriter)(type.includes("64") ? value : Number(value));
  return new Reader(Uint8Array.from([0, ...write.finish()]), "");
}

function decoded(type: Integer, bytes: Uint8Array): bigint {
  const read = new BinaryReader(bytes);
  read.tag();
  const value = BigInt((read[type] as () => bigint | number | string).call(read));
  expect(read.pos).toBe(read.len);
  return value;
}

const tagFor = (type: Integer) => 8 + (type.includes("fixed") ? (type.includes("64") ? 1 : 5) : 0);

describe("convert", () => {
  it.each(pairs)("%s to %s", (from, to) => {
    fc.assert(
      fc.property(values(from), (value) => {
        const w = new Writer(1000);
        convert(w, tagFor(to), to, encoded(from, value), 1, from);
        expect(decoded(to, w.finish())).toBe(value);
      }),
      { numRuns: 60 },
    );
  });

  it("takes the low 32 bits of a wide int32, as the libraries do", () => {
    for (const [bytes, value] of [
      [int(1, 2n ** 32n + 1n), 1n],
      [int(1, 2n ** 32n - 1n), -1n],
      [int(1, -1n), -1n],
    ] as const) {
      const w = new Writer(100);
      convert(w, 8, "int64", new Reader(Uint8Array.from(bytes), ""), 1, "int32");
      expect(decoded("int64", w.finish())).toBe(value);
    }
  });

  it("float to double", () => {
    for (const value of [
      0,
      -0,
      1.5,
      Math.fround(-1e30),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Math.fround(0.1),
    ]) {
      const r = new Reader(Uint8Array.from([0, ...new BinaryWriter().float(value).finish()]), "");
      const w = new Writer(100);
      convert(w, 9, "double", r, 1, "float");
      const read = new BinaryReader(w.finish());
      read.tag();
      expect(Object.is(read.double(), value)).toBe(true);
    }
  });
});

describe("keys", () => {
  it.each([...signed, ...unsigned])(
    "of type %s are equal as their values are, and are written back",
    (type) => {
      fc.assert(
        fc.property(values(type), values(type), (a, b) => {
          const [x, y] = [keyAt(encoded(type, a), 1, type), keyAt(encoded(type, b), 1, type)];
          expect(x === y).toBe(a === b);
          const w = new Writer(100);
          writeKey(w, tagFor(type), type, x);
          expect(decoded(type, w.finish())).toBe(a);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(pairs)("of type %s ask in type %s", (from, to) => {
    fc.assert(
      fc.property(values(from), (value) => {
        const w = new Writer(100);
        writeKey(w, tagFor(to), to, keyAt(encoded(from, value), 1, from));
        expect(decoded(to, w.finish())).toBe(value);
        expect(keyAt(encoded(to, value), 1, to)).toBe(keyAt(encoded(from, value), 1, from));
      }),
      { numRuns: 30 },
    );
  });

  it("of bool are 0 and 1, however wide", () => {
    for (const [value, key] of [
      [0, 0],
      [1, 1],
      [2, 1],
      [2n ** 40n, 1],
    ] as const)
      expect(keyAt(new Reader(Uint8Array.from(int(1, value)), ""), 1, "bool")).toBe(key);
  });

  it("of strings and bytes are their bytes", () => {
    for (const content of [[], [0], [0x61], [...Buffer.from("é€𝄞")], Array(300).fill(0x62)]) {
      const r = new Reader(Uint8Array.from(len(1, content)), "");
      for (const type of ["string", "bytes"] as const) {
        const w = new Writer(1000);
        writeKey(w, 10, type, keyAt(r, 1, type));
        expect([...w.finish()]).toEqual(len(1, content));
      }
    }
    const bad = new Reader(Uint8Array.from(len(1, [0xff])), "");
    expect(() => keyAt(bad, 1, "string")).toThrow(WireError);
    expect(keyAt(bad, 1, "bytes")).toBe("\xff");
  });
});

it("finds what is cut off", () => {
  const r = new Reader(Uint8Array.from([...tag(1, 5), 1, 2]), "");
  expect(() => keyAt(r, 1, "fixed32")).toThrow(WireError);
  expect(() => convert(new Writer(10), 9, "double", r, 1, "float")).toThrow(WireError);
});
