import { expect, it } from "vitest";
import { Reader } from "../wire/reader.js";
import { View, type ViewType } from "./view.js";

const inner: ViewType = { name: "Inner", fields: [{ number: 1, name: "id", kind: "int32" }] };
const type: ViewType = {
  name: "Outer",
  fields: [
    { number: 1, name: "list", kind: { is: "message", of: () => inner }, list: true },
    { number: 2, name: "map", kind: { is: "message", of: () => inner }, key: "int32" },
  ],
};
const bytes = Uint8Array.of(10, 2, 8, 1, 10, 2, 8, 2, 18, 6, 8, 1, 18, 2, 8, 3);

it("decodes a list or map once, however often macros ask for it", () => {
  const view = new View(type, new Reader(bytes, "a test"), 0, bytes.length);
  expect(view.get<View[]>(1).map((one) => one.get(1))).toEqual([1n, 2n]);
  expect(view.get(1)).toBe(view.get(1));
  expect(view.get(2)).toBe(view.get(2));
});

it("counts the rows that are opened to be written, each once", () => {
  const list = bytes.subarray(0, 8);
  const rowsOf = (maxRows: number) =>
    new View(type, new Reader(list, "a test", maxRows), 0, list.length).get<View[]>(1);
  const [first, second] = rowsOf(2);
  for (const row of [first!, first!, second!]) row.open();
  const [one, two] = rowsOf(1);
  one!.open();
  expect(() => two!.open()).toThrow("more than 1 rows");
});
