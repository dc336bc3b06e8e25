import { expect, it, vi } from "vitest";
import { jsonLogger } from "./logger.js";

it("writes one line of JSON for each entry, whatever is in it", () => {
  const lines: string[] = [];
  const log = jsonLogger((line) => lines.push(line));
  log({ level: "error", message: "request failed", method: '/a\n{"level":"info"}' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: "error", method: '/a\n{"level":"info"}' });
});

it("is bounded, and says how much it left out", () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const log = jsonLogger((line) => lines.push(line));
  for (let i = 0; i < 5_000; i++) log({ level: "info", message: "x" });
  expect(lines).toHaveLength(1_000);
  vi.advanceTimersByTime(1_050);
  log({ level: "info", message: "x" });
  expect(JSON.parse(lines.at(-1)!).leftOut).toBe(4_000);
  vi.useRealTimers();
});
