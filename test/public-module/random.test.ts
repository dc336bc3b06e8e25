import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, createFileRegistry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { Random, randomFile } from "./random-file.js";
import { buf, descriptorsOf, printAll, withFiles } from "./roundtrip.js";

const FILES = 120;

test("random files without places are printed, and built again to the same descriptors", () => {
  const seed = Number(process.env.SEED ?? 20260601);
  const file = [...Array(FILES)].map((_, index) => randomFile(new Random(seed + index), index));
  const set = create(FileDescriptorSetSchema, { file });
  withFiles([], (folder) => {
    writeFileSync(join(folder, "random.binpb"), toBinary(FileDescriptorSetSchema, set));
    const before = descriptorsOf(buf(folder, "build", "random.binpb", "-o", "-#format=json"));
    expect(before.size).toBe(FILES);
    withFiles(printAll(createFileRegistry(set)), (printed) => {
      expect(
        descriptorsOf(buf(printed, "build", "--exclude-source-info", "-o", "-#format=json")),
        `seed ${seed}`,
      ).toEqual(before);
    });
  });
});
