import { expect, it } from "vitest";
import { continueTrace } from "./trace-context.js";

const TRACE = "0123456789abcdef0123456789abcdef";
const SPAN = "0123456789abcdef";
const valid = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;

it.each([
  [`00-${TRACE}-${SPAN}-01`, "01"],
  [`00-${TRACE}-${SPAN}-00`, "00"],
  [`00-${TRACE}-${SPAN}-ff`, "01"],
  [`cc-${TRACE}-${SPAN}-01-more`, "01"],
])("goes on with the trace of %s", (received, flags) => {
  const sent = continueTrace(received);
  expect(sent).toMatch(valid);
  expect(sent).toContain(`00-${TRACE}-`);
  expect(sent).not.toContain(`-${SPAN}-`);
  expect(sent.endsWith(`-${flags}`)).toBe(true);
});

it.each([
  undefined,
  "",
  "nonsense",
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-01\r\nx: y`,
  `cc-${TRACE}-${SPAN}-01-${"x".repeat(1000)}`,
])("starts a new trace for %j", (received) => {
  const sent = continueTrace(received);
  expect(sent).toMatch(valid);
  expect(sent).not.toContain(TRACE);
});

it("makes ids that differ", () => {
  const all = Array.from({ length: 1_000 }, () => continueTrace(undefined));
  expect(new Set(all).size).toBe(1_000);
});
