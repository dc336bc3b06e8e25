import { expect, it } from "vitest";
import { formatGrpcTimeout, parseGrpcTimeout } from "./grpc-timeout.js";

it.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["100m", 100],
  ["1500u", 1.5],
  ["99999999n", 99.999999],
  ["00000001S", 1_000],
  ["0m", 0],
])("reads %s", (text, ms) => {
  expect(parseGrpcTimeout(text)).toBeCloseTo(ms, 9);
});

it.each([
  "",
  "1",
  "S",
  "123456789S",
  "-1S",
  "+1S",
  "1.5S",
  " 1S",
  "1S ",
  "1s",
  "1h",
  "1D",
  "1SS",
  "0x1S",
  "1e3m",
  "١S",
])("refuses %j", (text) => {
  expect(parseGrpcTimeout(text)).toBeUndefined();
});

it.each([
  [0, "1u"],
  [0.0005, "1u"],
  [0.25, "250u"],
  [1, "1m"],
  [1.5, "2m"],
  [99_999_999, "99999999m"],
  [99_999_999.5, "100000S"],
  [1e11, "27778H"],
  [1e300, "99999999H"],
])("writes %d ms", (ms, text) => {
  expect(formatGrpcTimeout(ms)).toBe(text);
});
