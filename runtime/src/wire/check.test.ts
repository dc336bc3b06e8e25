import { describe, expect, it } from "vitest";
import { group, int, len, tag, varint } from "./bytes.test.support.js";
import { check, type Shape } from "./check.js";
import { WireError } from "./error.js";
import { Reader } from "./reader.js";

const shape: Shape = new Map([
  [1, { wire: 0, packable: true }],
  [2, { wire: 2, utf8: true }],
  [3, { wire: 2 }],
  [4, { wire: 1, packable: true }],
  [5, { wire: 5, packable: true }],
  [6, { message: () => shape }],
  [7, { message: () => shape, group: true }],
]);

const run = (...bytes: number[]) => check(new Reader(Uint8Array.from(bytes), "").begin(), shape);

describe("check", () => {
  it.each([
    ["nothing", []],
    ["a varint", int(1, -1)],
    ["packed varints", len(1, [...varint(1), ...varint(-1)])],
    ["packed fixed", [...len(4, Array(16).fill(1)), ...len(5, Array(8).fill(1))]],
    ["a string", len(2, "é")],
    ["bytes that are no text", len(3, [0xff])],
    ["messages and groups in each other", len(6, group(7, len(6, int(1, 1))))],
    ["unknown fields", [...len(99, [0xff]), ...int(98, 1), ...group(97, int(1, 1))]],
    [
      "another wire type: unknown",
      [...len(6, []), ...int(2, 1), ...int(6, 1), ...group(6, int(9, 1)), ...len(7, [0xff])],
    ],
  ])("accepts %s", (_, bytes) => {
    run(...bytes);
    run(...len(6, bytes));
    run(...group(7, bytes));
  });

  it.each([
    ["a string that is not UTF-8", len(2, [0xff])],
    ["packed varints that are cut off", len(1, [0x80])],
    ["packed fixed64 that are cut off", len(4, Array(9).fill(1))],
    ["packed fixed32 that are cut off", len(5, Array(7).fill(1))],
    ["field number 0", [0, 0]],
    ["wire type 6", [0x0e]],
    ["a group that does not end", tag(7, 3)],
    ["a group that ends as another", [...tag(7, 3), ...tag(6, 4)]],
    ["an unknown group that does not end", tag(90, 3)],
    ["a varint over 10 bytes", [8, ...Array(10).fill(0xff), 0]],
    ["a length past the end", [...tag(3, 2), 5, 1]],
    ["a length over 2 GiB", [...tag(3, 2), ...varint(2n ** 31n)]],
  ])("finds %s, at any depth", (_, bytes) => {
    expect(() => run(...bytes)).toThrow(WireError);
    expect(() => run(...len(6, bytes))).toThrow(WireError);
    expect(() => run(...len(6, bytes), ...int(1, 1))).toThrow(WireError);
    expect(() => run(...group(7, bytes))).toThrow(WireError);
    expect(() => run(...len(6, len(6, bytes)), ...Array(50).fill(int(1, 1)).flat())).toThrow(WireError);
  });

  it("bounds nesting: 100 messages, the outermost counted", () => {
    let bytes: number[] = [];
    for (let i = 1; i < 100; i++) bytes = len(6, bytes);
    run(...bytes);
    expect(() => run(...len(6, bytes))).toThrow(WireError);
  });

  it("asks whether the numbers of enums are taken", () => {
    const value = (r: Reader, number: number) => (number === 1 ? 1 : r.malformed("unknown enum value"));
    const enums: Shape = new Map([
      [1, { wire: 0, value }],
      [2, { wire: 0, value, zero: true }],
      [3, { wire: 0, value, packable: true }],
    ]);
    const accept = (...bytes: number[]) => check(new Reader(Uint8Array.from(bytes), "").begin(), enums);
    accept(...int(1, 1), ...int(2, 0), ...int(2, 1), ...len(3, [1, 1]), ...int(3, 1));
    for (const bytes of [int(1, 0), int(2, 2), int(3, 0), len(3, [1, 0]), int(1, -1)])
      expect(() => accept(...bytes)).toThrow(WireError);
  });
});

describe("guarded fields", () => {
  const [secret, masked] = [{ secret: true }, { masked: true }];
  const inner: Shape = new Map([[1, { wire: 2, allow: secret }]]);
  const paths: Shape = new Map([[1, { wire: 2, utf8: true }]]);
  const shape: Shape = new Map([
    [1, { message: () => inner }],
    [2, { message: () => paths, paths: new Map([["a.b", [masked]]]) }],
    [3, { message: () => paths, group: true, paths: new Map([["a.b", [masked]]]) }],
    [
      4,
      {
        message: () => paths,
        paths: new Map([
          ["a", []],
          ["", [secret]],
        ]),
      },
    ],
  ]);
  const told = (bytes: readonly number[]) => {
    const guards: object[] = [];
    check(new Reader(Uint8Array.from(bytes), "").begin(), shape, (guard) => guards.push(guard));
    return guards;
  };

  it("are told of wherever they stand, however they are encoded", () => {
    expect(told(len(1, []))).toEqual([]);
    expect(told([...len(1, len(1, "x")), ...len(1, len(1, ""))])).toEqual([secret, secret]);
    expect(told(len(1, int(1, 5)))).toEqual([secret]);
  });

  it("are told of where a mask names them", () => {
    expect(told(len(2, [...len(1, "a"), ...len(1, "a.b"), ...int(7, 1)]))).toEqual([masked]);
    expect(told([...len(2, len(1, "c")), ...len(2, len(1, "a.b"))])).toEqual([masked]);
    expect(told(group(3, [...len(1, "a.b"), ...int(7, 1)]))).toEqual([masked]);
    expect(told(len(4, [...len(1, "a"), ...len(1, "b")]))).toEqual([secret]);
  });

  it("are refused where nobody knows who may set them", () => {
    expect(() => check(new Reader(Uint8Array.from(len(1, len(1, "x"))), "").begin(), shape)).toThrow(
      "guarded",
    );
  });
});
