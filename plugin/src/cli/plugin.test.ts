import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { runPlugin } from "./plugin.js";

const answer = (request: Uint8Array) => fromBinary(CodeGeneratorResponseSchema, runPlugin(request));

test("an exception is answered, as a mistake of ours", () => {
  // No compiler sends a file without those that it imports.
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: ["a.proto"],
    protoFile: [create(FileDescriptorProtoSchema, { name: "a.proto", dependency: ["missing.proto"] })],
  });
  const { error, file } = answer(toBinary(CodeGeneratorRequestSchema, request));
  expect(error).toMatch(/^internal error in protoc-gen-portico: .*missing.*\nplease report it/);
  // Names of files, but not of folders.
  expect(error).not.toMatch(/[/\\]/);
  expect(file).toEqual([]);
});

test("what is no request is answered", () => {
  const { error } = answer(new TextEncoder().encode("GET / HTTP/1.1"));
  expect(error).toMatch(/^standard input is no CodeGeneratorRequest/);
});

test("features and editions are declared, so that compilers do not refuse files", () => {
  const { supportedFeatures, minimumEdition, maximumEdition } = answer(new Uint8Array());
  expect(supportedFeatures).toBe(3n);
  expect([minimumEdition, maximumEdition]).toEqual([998, 1001]);
});
