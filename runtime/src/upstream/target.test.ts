import { expect, it } from "vitest";
import { targetProblem } from "./target.js";

it.each([
  "localhost:50051",
  "10.0.0.1:1",
  "[::1]:65535",
  "dns:///orders.internal:443",
  "dns://8.8.8.8/orders.internal:443",
  "dns:orders:80",
  "ipv4:10.0.0.1:80,10.0.0.2:80",
  "ipv6:[::1]:80",
  "unix:/run/orders.sock",
])("takes %s", (target) => {
  expect(targetProblem(target, { xds: false })).toBeUndefined();
});

it.each([
  "",
  undefined,
  42,
  "localhost",
  "localhost:",
  "localhost:0",
  "localhost:65536",
  "localhost:80/path",
  "user@localhost:80",
  "::1:80:",
  "http://localhost:80",
  "dns:///",
  "ipv4:10.0.0.1:80,10.0.0.2",
  "unix:",
  "xds:",
  "xds:///",
  "a b:80",
])("refuses %s", (target) => {
  expect(targetProblem(target, { xds: true })).toBeTypeOf("string");
});

it.each(["xds:///orders", "xds://authority/orders:50051", "xds:orders"])(
  "takes %s where there is xDS",
  (target) => {
    expect(targetProblem(target, { xds: true })).toBeUndefined();
    expect(targetProblem(target, { xds: false })).toMatch(/only grpc-js knows xDS; use transport: "node"/);
  },
);
