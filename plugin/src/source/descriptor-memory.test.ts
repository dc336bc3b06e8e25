import { create, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { DescriptorMemory } from "./descriptor-memory.js";

const file = (name: string, messages: readonly string[], dependency: string[] = []): FileDescriptorProto =>
  create(FileDescriptorProtoSchema, {
    name,
    package: name.replace(".proto", ""),
    syntax: "proto3",
    dependency,
    messageType: messages.map((message) => ({ name: message })),
  });

const read = (memory: DescriptorMemory, ...files: FileDescriptorProto[]) =>
  memory.registry(
    memory.decode(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: files })), "all"),
  );

test("what has not changed, nor what it imports, is the same object", () => {
  const memory = new DescriptorMemory();
  const before = read(
    memory,
    file("a.proto", ["A"]),
    file("b.proto", ["B"], ["a.proto"]),
    file("c.proto", ["C"]),
  );
  const after = read(
    memory,
    file("a.proto", ["A", "D"]),
    file("b.proto", ["B"], ["a.proto"]),
    file("c.proto", ["C"]),
  );
  expect(after.getMessage("c.C")).toBe(before.getMessage("c.C"));
  expect(after.getMessage("a.A")).not.toBe(before.getMessage("a.A"));
  // b has not changed, but its types may be made of those of a.
  expect(after.getMessage("b.B")).not.toBe(before.getMessage("b.B"));
  expect(after.getMessage("b.B")!.file.dependencies[0]).toBe(after.getFile("a.proto"));
  expect(after.getMessage("a.D")).toBeDefined();
});

test("what is gone is not found, in files that changed and in those that went", () => {
  const memory = new DescriptorMemory();
  read(memory, file("a.proto", ["A", "D"]), file("c.proto", ["C"]));
  const after = read(memory, file("a.proto", ["A"]));
  expect([...after.files].map(({ name }) => name)).toEqual(["a"]);
  expect(after.getMessage("a.D")).toBeUndefined();
  expect(after.getMessage("c.C")).toBeUndefined();
  expect(after.getFile("c.proto")).toBeUndefined();
});

test("an import that is missing is an error, as it is the first time", () => {
  const memory = new DescriptorMemory();
  read(memory, file("a.proto", ["A"]), file("b.proto", ["B"], ["a.proto"]));
  expect(() => read(memory, file("b.proto", ["B", "E"], ["a.proto"]))).toThrow(/a\.proto/);
});
