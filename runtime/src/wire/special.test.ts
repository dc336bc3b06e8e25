import { describe, expect, it } from "vitest";
import { group, int, len, tag } from "./bytes.test.support.js";
import { WireError } from "./error.js";
import { Reader } from "./reader.js";
import { type AnyType, type MaskTable, translateAny, translateMask, unwrap } from "./special.js";
import { Writer } from "./writer.js";

function run(bytes: readonly number[], print: (w: Writer, r: Reader) => void, origin = ""): number[] {
  // At offset 1: offset 0 stands for "not there".
  const r = new Reader(Uint8Array.from([0, bytes.length, ...bytes]), origin).begin();
  const w = new Writer(1000);
  print(w, r);
  expect(r.pos).toBe(0);
  return [...w.finish()];
}

describe("a wrapper", () => {
  it.each([
    ["string", len(1, "é"), len(5, "é")],
    ["string", [], len(5, "")],
    ["int32", int(1, -1), int(5, -1)],
    ["bool", [], int(5, 0)],
    ["double", [], [...tag(5, 1), ...Array(8).fill(0)]],
    ["float", [...tag(1, 5), 1, 2, 3, 4], [...tag(5, 5), 1, 2, 3, 4]],
    ["int64", [...int(1, 1), ...int(2, 7), ...len(1, "x"), ...int(1, 2)], int(5, 2)],
  ] as const)("of %s", (type, content, expected) => {
    const wire = { string: 2, int32: 0, bool: 0, double: 1, float: 5, int64: 0 }[type];
    expect(run(content, (w, r) => unwrap(w, 5 * 8 + wire, r, 1, type))).toEqual(expected);
  });

  it("that is malformed", () => {
    expect(() => run([8], (w, r) => unwrap(w, 40, r, 1, "int32"))).toThrow(WireError);
    expect(() => run(len(1, [0xff]), (w, r) => unwrap(w, 42, r, 1, "string"))).toThrow(WireError);
  });
});

const table: MaskTable = {
  field: "mask",
  paths: new Map([
    ["a", ["x.a"]],
    ["b", ["y", "z"]],
  ]),
  all: ["x.a", "y", "z"],
};
const mask = (...paths: string[]) => paths.flatMap((path) => len(1, path));

describe("a mask", () => {
  it.each([
    [["a"], ["x.a"]],
    [
      ["b", "a"],
      ["y", "z", "x.a"],
    ],
    [["*"], ["x.a", "y", "z"]],
    [[], []],
  ])("%j is %j", (paths, expected) => {
    expect(run(mask(...paths), (w, r) => translateMask(w, 18, r, 1, table))).toEqual(
      len(2, mask(...expected)),
    );
  });

  it.each([["c"], ["a.b"], ["A"], [""], ["constructor"], ["__proto__"]])("%j is malformed", (path) => {
    expect(() => run(mask("a", path), (w, r) => translateMask(w, 18, r, 1, table))).toThrow(WireError);
  });

  it("may be written as a group", () => {
    expect(run(mask("a"), (w, r) => translateMask(w, 19, r, 1, table))).toEqual(group(2, mask("x.a")));
  });
});

const types: AnyType[] = [
  { from: "in.A", to: "pub.A", write: (w, r) => {
    w.copyVarint(8, r, r.pos + 1);
    r.leave(r.end);
  } },
]; // biome-ignore format: short
const any = (url: string, value: number[] = int(1, 7)) => [...len(1, url), ...len(2, value)];

describe("an Any", () => {
  it("of a type that is allowed, under any prefix", () => {
    const expected = len(3, any("type.googleapis.com/pub.A"));
    for (const url of ["type.googleapis.com/in.A", "x/in.A", "/in.A", "a/b/in.A"])
      expect(run(any(url), (w, r) => translateAny(w, 26, r, 1, types))).toEqual(expected);
  });

  it.each(["type.googleapis.com/in.B", "in.A", "type.googleapis.com/", "type.googleapis.com/pub.A"])(
    "of type %j: malformed in a request, left out of a response",
    (url) => {
      expect(() => run(any(url), (w, r) => translateAny(w, 26, r, 1, types))).toThrow(WireError);
      expect(run(any(url), (w, r) => translateAny(w, 26, r, 1, types), "/up/M")).toEqual([]);
    },
  );

  it("that is empty", () => {
    for (const origin of ["", "/up/M"])
      expect(run([], (w, r) => translateAny(w, 26, r, 1, types), origin)).toEqual([]);
  });

  it("may be written as a group", () => {
    const expected = group(3, any("type.googleapis.com/pub.A"));
    expect(run(any("x/in.A"), (w, r) => translateAny(w, 27, r, 1, types))).toEqual(expected);
  });
});
