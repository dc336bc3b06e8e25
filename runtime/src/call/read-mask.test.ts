import { describe, expect, it } from "vitest";
import { group, int, len } from "../wire/bytes.test.support.js";
import { Reader } from "../wire/reader.js";
import { type Paths, readMask } from "./read-mask.js";

const user: Paths = new Map([
  ["id", { number: 1 }],
  ["email", { number: 2 }],
  ["friend", { number: 3, message: () => user }],
]);
const page: Paths = new Map([
  ["users", { number: 1, list: true, message: () => user }],
  ["by_name", { number: 2, map: true, message: () => user }],
  ["owner", { number: 3, message: () => user }],
  ["tags", { number: 4, list: true }],
  ["version", { number: 5, required: true }],
]);
const MASK = 18;

const request = (...paths: string[]) =>
  new Reader(
    Uint8Array.from(
      len(
        2,
        paths.flatMap((path) => len(1, path)),
      ),
    ),
    "",
  );
const caller = { limits: { maxResponseBytes: 1000 } };
const maskOf = (...paths: string[]) => readMask(caller, request(...paths), MASK, page);

const person = (id: string, email: string, ...more: number[]) => [...len(1, id), ...len(2, email), ...more];
const entry = (key: string, value: readonly number[]) => [...len(1, key), ...len(2, value)];
const response = [
  ...len(1, person("a", "ae")),
  ...len(2, entry("k", person("b", "be"))),
  ...group(3, person("c", "ce", ...len(3, person("d", "de")))),
  ...len(4, "t1"),
  ...int(5, 7),
  ...len(1, person("e", "ee")),
];
const pruned = (...paths: string[]) => [...maskOf(...paths).prune(Uint8Array.from(response))];

describe("a read mask", () => {
  it("that is not there, is empty, or is `*` is everything", () => {
    const none = readMask(caller, new Reader(Uint8Array.from(int(1, 1)), ""), MASK, page);
    for (const mask of [none, maskOf(), maskOf("*"), maskOf("tags", "*")]) {
      expect([...mask.prune(Uint8Array.from(response))]).toEqual(response);
      expect(mask.wants("users.email")).toBe(true);
    }
  });

  it("keeps what its paths lead to, through lists, maps and groups, and required fields", () => {
    const version = int(5, 7);
    expect(pruned("tags")).toEqual([...len(4, "t1"), ...version]);
    expect(pruned("owner")).toEqual([
      ...group(3, person("c", "ce", ...len(3, person("d", "de")))),
      ...version,
    ]);
    expect(pruned("owner.friend.email", "owner.id")).toEqual([
      ...group(3, [...len(1, "c"), ...len(3, len(2, "de"))]),
      ...version,
    ]);
    const ids = [...len(1, len(1, "a")), ...version, ...len(1, len(1, "e"))];
    expect(pruned("users.id")).toEqual(ids);
    expect(pruned("users.*.id")).toEqual(ids);
    const emails = [...len(2, entry("k", len(2, "be"))), ...version];
    expect(pruned("by_name.email")).toEqual(emails);
    expect(pruned("by_name.*.email")).toEqual(emails);
  });

  it("wants what is on the way to a path, and what is inside one", () => {
    const mask = maskOf("users.friend.email", "owner");
    for (const path of ["users", "users.friend", "users.friend.email", "owner.friend.id"])
      expect(mask.wants(path)).toBe(true);
    for (const path of ["users.id", "users.friend.id", "tags"]) expect(mask.wants(path)).toBe(false);
    expect(mask.wants("tags", "owner")).toBe(true);
  });

  it("takes the larger of two paths, in either order", () => {
    for (const paths of [
      ["users", "users.id"],
      ["users.id", "users"],
      ["users.*", "users.id"],
    ])
      expect(pruned(...paths)).toEqual([
        ...len(1, person("a", "ae")),
        ...int(5, 7),
        ...len(1, person("e", "ee")),
      ]);
  });

  it("that comes in pieces has the paths of all of them", () => {
    const pieces = [...len(2, len(1, "tags")), ...len(2, len(1, "owner.id"))];
    const mask = readMask(caller, new Reader(Uint8Array.from(pieces), ""), MASK, page);
    expect([mask.wants("tags"), mask.wants("owner.id"), mask.wants("users")]).toEqual([true, true, false]);
  });

  it("may be a group", () => {
    const groups = [...int(9, 1), ...group(2, len(1, "tags")), ...group(2, len(1, "owner.id")), ...int(9, 1)];
    const mask = readMask(caller, new Reader(Uint8Array.from(groups), ""), 2 * 8 + 3, page);
    expect([mask.wants("tags"), mask.wants("owner.id"), mask.wants("users")]).toEqual([true, true, false]);
  });

  it("with a path that does not exist is refused, also beside `*` and inside a whole field", () => {
    const wrong = [
      "",
      ".",
      "nope",
      "users.",
      "users..id",
      "users.nope",
      "tags.x",
      "owner.*",
      "owner.*.id",
      "version.*",
    ];
    wrong.push("by_name.k.id", "users.*.*", "__proto__", "constructor", "users.friend.`id`", "Users");
    for (const path of wrong) {
      expect(() => maskOf(path), path).toThrow("read_mask has a path");
      expect(() => maskOf("*", "users", path), path).toThrow("read_mask has a path");
    }
  });

  it("is bounded", () => {
    expect(() => maskOf(...new Array(1001).fill("tags"))).toThrow("too many paths");
    expect(() => maskOf(...new Array(1000).fill("tags"))).not.toThrow();
    expect(() => maskOf("x".repeat(70_000))).toThrow("too many paths");
    expect(() => maskOf(`owner${".friend".repeat(31)}`)).not.toThrow();
    expect(() => maskOf(`owner${".friend".repeat(32)}`)).toThrow("too long");
  });
});
