import { expect, test } from "vitest";
import { buf, imageOf, printAll, root, withFiles } from "./roundtrip.js";

// Each shape that a .proto file can have, printed from its descriptor, and built again.

const before = imageOf(`${root}/test/public-module/shapes`);
const printed = printAll(before.registry);

test("descriptors are the same, those of the compiler's own files too", () => {
  expect([...printed.keys()]).toContain("google/protobuf/descriptor.proto");
  withFiles(printed, (folder) => {
    const after = imageOf(folder);
    expect(after.descriptors).toEqual(before.descriptors);
    // A few comments stand where compilers attach them to something else.
    const lost = [...before.comments].filter(([key, text]) => after.comments.get(key) !== text);
    expect(lost).toEqual([]);
    expect(after.comments.size).toBe(before.comments.size);
  });
});

test("printing is stable, and formatted but for the order of imports and file options", () => {
  withFiles(printed, (folder) => {
    const again = printAll(imageOf(folder).registry);
    expect(again).toEqual(printed);
    const names = ["proto3", "edition2023", "edition2024", "options2024", "no_syntax"];
    for (const name of names) expect(String(buf(folder, "format", "-d", `shapes/v1/${name}.proto`))).toBe("");
  });
});
