import { describe, expect, it } from "vitest";
import type { Method } from "../upstream/upstream.js";
import { int, len } from "../wire/bytes.test.support.js";
import { WireError } from "../wire/error.js";
import { Reader } from "../wire/reader.js";
import type { Scalar } from "../wire/scalar.js";
import { type Lookup, type Replies, type RowKey, Rows } from "./join.js";

const method: Method = { service: "s", name: "m", path: "/s/m", kind: "unary" };
const lookup: Lookup = {
  name: "s/m",
  method,
  mode: "batch",
  batchSize: 2,
  maxKeys: 10,
  maxRows: 10,
  ask: () => {},
  match: () => {},
};

/** Gives rows to the replies: each is a byte of the reply, at its place. */
function reply(rows: Rows, keys: readonly RowKey[], batch = 0): void {
  const match = (_: Reader, replies: Replies) => {
    for (const [i, key] of keys.entries()) replies.match(key, i, i + 1);
  };
  Object.assign(rows.replies.lookup, { match });
  rows.replies.read(
    new Reader(
      Uint8Array.from(keys, (_, i) => 65 + batch * 16 + i),
      "",
    ),
    batch,
    0,
  );
}
const letter = (reader: Reader | undefined) =>
  reader === undefined || reader.size === 0 ? "" : String.fromCharCode(reader.buffer[reader.pos]!);
const rowsOf = (...keys: Array<RowKey | undefined>) => {
  const rows = new Rows({ ...lookup });
  for (const key of keys) rows.add(key);
  return rows;
};

describe("keys", () => {
  it("are distinct by value", () => {
    const rows = rowsOf("a", "b", "a", undefined, "");
    expect(rows.replies.keys).toEqual(["a", "b", ""]);
    expect(rows.count).toBe(5);
  });

  it.each<[RowKey, RowKey]>([
    [
      ["a", "bc"],
      ["ab", "c"],
    ],
    [
      ["", "a"],
      ["a", ""],
    ],
    [["1:a"], ["1", "a"]],
    [
      ["a", "1:b"],
      ["a1", ":b"],
    ],
    [
      [1, 2],
      [12, ""],
    ],
    [[1], ["1"]],
    [["#1"], [1]],
    [
      ["\u0000", "x"],
      ["", "\u0000x"],
    ],
  ])("%j and %j differ", (a, b) => {
    expect(rowsOf(a, b, a).replies.keys).toEqual([a, b]);
  });
});

describe("keys in a message", () => {
  /** A message with one field, and a reader on it. */
  const message = (content: readonly number[]) => new Reader(Uint8Array.from(content), "");
  const text = (value: string) => message(len(1, [...Buffer.from(value)]));

  it.each<[Scalar, Reader, RowKey]>([
    ["string", text(""), ""],
    ["string", text("abc"), "abc"],
    ["string", text("é€𝄞"), Buffer.from("é€𝄞").toString("latin1")],
    ["bytes", message(len(1, [0xff, 0])), "\u00ff\u0000"],
    ["int32", message(int(1, -1)), -1],
    ["uint64", message(int(1, 2n ** 64n - 1n)), 2n ** 64n - 1n],
    ["int64", message(int(1, -(2n ** 63n))), -(2n ** 63n)],
    ["bool", message(int(1, 1)), 1],
  ])("of type %s are what they stand for", (type, r, key) => {
    const rows = new Rows({ ...lookup });
    rows.addAt(r, 1, type);
    rows.add(key);
    rows.addListAt(r, [1, 1], type);
    rows.addList([key]);
    expect(rows.replies.keys).toHaveLength(1);
    const match = (_: Reader, replies: Replies) => {
      replies.matchAt(r, 1, type, 0, 1);
      replies.match(key, 1, 2);
      replies.matchLastAt(r, 1, type, 2, 3);
    };
    Object.assign(rows.replies.lookup, { match });
    rows.replies.read(message([65, 66, 67]), 0, 0);
    expect(rows.replies.foreign).toBe(0);
    expect([letter(rows.first(0)), letter(rows.next()), rows.next()]).toEqual(["C", "B", undefined]);
  });

  it.each<[Scalar, RowKey]>([
    ["string", ""],
    ["bytes", ""],
    ["int64", 0],
    ["bool", 0],
  ])("of type %s that are not there are the default", (type, key) => {
    const rows = rowsOf(key);
    const match = (r: Reader, replies: Replies) => replies.matchAt(r, 0, type, 0, 1);
    Object.assign(rows.replies.lookup, { match });
    rows.replies.read(message([65]), 0, 0);
    expect(letter(rows.one())).toBe("A");
  });

  it("are refused if they are strings that are not UTF-8, whether anybody asks for them or not", () => {
    const bad = message(len(1, [0x61, 0xff]));
    const rows = new Rows({ ...lookup });
    expect(() => rows.addAt(bad, 1, "string")).toThrow(WireError);
    expect(() => rows.addListAt(bad, [1], "string")).toThrow(WireError);
    rows.addAt(bad, 1, "bytes");
    const other = message(len(1, [0x62, 0xff]));
    for (const call of ["matchAt", "matchLastAt"] as const)
      expect(() => rows.replies[call](other, 1, "string", 0, 1)).toThrow(WireError);
  });

  it("may have lengths that are longer than they need to be", () => {
    const rows = rowsOf("ab");
    rows.addAt(message([10, 0x82, 0x80, 0x00, 0x61, 0x62]), 1, "string");
    expect(rows.replies.keys).toEqual(["ab"]);
  });
});

describe("rows", () => {
  it("get the first match, by key and never by position", () => {
    const rows = rowsOf("a", "b", "c", "a");
    reply(rows, ["c", "x", "a", "a"]);
    expect([1, 2, 3, 4].map(() => letter(rows.one()))).toEqual(["C", "", "A", "C"]);
    expect(rows.replies.foreign).toBe(1);
  });

  it("of a batch are not those of another", () => {
    const rows = rowsOf("a", "b");
    rows.replies.assign(0, 0);
    rows.replies.assign(1, 1);
    reply(rows, ["b", "a"], 0);
    reply(rows, ["b", "a"], 1);
    expect([1, 2].map(() => letter(rows.one()))).toEqual(["B", "Q"]);
  });

  it("with lists of keys come in the order of the list", () => {
    const rows = new Rows({ ...lookup });
    rows.addList(["a", "x", "b", "a"]);
    rows.addList([]);
    reply(rows, ["b", "a"]);
    const all: string[] = [];
    for (let row = rows.first(rows.row()); row !== undefined; row = rows.next()) all.push(letter(row));
    expect(all).toEqual(["B", "A", "B"]);
    expect(rows.first(rows.row())).toBeUndefined();
    expect(rows.hasMissing()).toBe(true);
  });

  it("are dropped where nothing is found, and where there is no key", () => {
    const rows = new Rows({ ...lookup }, { onMissing: "drop" });
    for (const key of ["a", "b", undefined]) rows.add(key);
    reply(rows, ["a"]);
    expect(
      [1, 2, 3].map(() => {
        rows.take();
        return rows.dropped;
      }),
    ).toEqual([false, true, true]);
  });

  it("of siblings share keys and replies, and go each their own way", () => {
    const rows = rowsOf("a", "b");
    const sibling = rows.sibling();
    sibling.add("b");
    sibling.add("c");
    reply(rows, ["a", "b", "c"]);
    expect(rows.replies.keys).toEqual(["a", "b", "c"]);
    const entry = rows.take();
    expect(letter(sibling.one())).toBe("B");
    expect(letter(rows.open(entry))).toBe("A");
    expect(letter(rows.one())).toBe("B");
    expect(letter(sibling.one())).toBe("C");
  });

  it("of a map: the last entry of a map key counts, whatever it is matched by", () => {
    const rows = new Rows({
      ...lookup,
      match: (_, replies) => {
        const entries: Array<[string, string]> = [
          ["k", "a"],
          ["l", "a"],
          ["k", "b"],
          ["m", "b"],
          ["m", "x"],
        ];
        entries.forEach(([mapKey, key], i) => {
          replies.entry(mapKey);
          replies.match(key, i, i + 1);
        });
      },
    });
    rows.add("a");
    rows.add("b");
    rows.replies.read(new Reader(Uint8Array.from([65, 66, 67, 68, 69]), ""), 0, 0);
    const all = [0, 1].map((row) => {
      const found: string[] = [];
      for (let r = rows.first(row); r !== undefined; r = rows.next()) found.push(letter(r));
      return found;
    });
    expect(all).toEqual([["B"], ["C"]]);
  });
});

describe("joins inside found rows", () => {
  it("have their keys gathered once for each row that is used, and stand there when it is opened", () => {
    const inner = new Rows({ ...lookup });
    const rows = rowsOf("a", "b", "a");
    const sibling = rows.sibling();
    sibling.add("c");
    rows.inside([inner], [], (row) => {
      inner.add(letter(row).toLowerCase());
      inner.add("z");
    });
    reply(rows, ["c", "b", "a", "a"]);
    rows.gather(rows.innerJoins[0]!);
    // Not of the sibling's row, nor of the second "a".
    expect(inner.replies.keys).toEqual(["c", "z", "b"]);
    expect(inner.count).toBe(4);
    reply(inner, ["b", "c", "z"]);
    const first = rows.take();
    const second = rows.take();
    rows.open(second);
    expect(letter(inner.one())).toBe("A");
    rows.open(first);
    expect([1, 2].map(() => letter(inner.one()))).toEqual(["B", "C"]);
  });
});
