import { expect, it } from "vitest";
import { codeOfHttpStatus, codeOfReset, parseGrpcStatus } from "./status.js";

it.each([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
  [200, 2],
  [500, 2],
])("takes HTTP status %i for %i", (status, code) => {
  expect(codeOfHttpStatus(status)).toBe(code);
});

it.each([
  [0, 13],
  [1, 13],
  [2, 13],
  [5, 2],
  [7, 14],
  [8, 1],
  [11, 8],
  [12, 7],
  [13, 2],
  [0xffffffff, 2],
])("takes a reset with %i for %i", (reset, code) => {
  expect(codeOfReset(reset)).toBe(code);
});

it.each([
  ["0", 0],
  ["5", 5],
  ["16", 16],
  ["17", 2],
  ["007", 7],
  ["-1", 2],
  ["", 2],
  ["5, 5", 2],
  ["1e0", 2],
])("reads status %j as %i", (value, code) => {
  expect(parseGrpcStatus(value)).toBe(code);
});
