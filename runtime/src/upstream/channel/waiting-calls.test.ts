import { expect, it } from "vitest";
import { type PendingCall, WaitingCalls } from "./waiting-calls.js";

function call(heldBytes: number): PendingCall {
  return { heldBytes, send() {}, fail() {} };
}

it("keeps calls in order, and lets go of them", () => {
  const waiting = new WaitingCalls();
  const calls = [call(1), call(2), call(3)];
  for (const one of calls) expect(waiting.add(one)).toBe(true);
  waiting.delete(calls[1]!);
  waiting.delete(calls[1]!);
  expect([...waiting]).toEqual([calls[0], calls[2]]);
  expect(waiting.takeAll()).toEqual([calls[0], calls[2]]);
  expect(waiting.size).toBe(0);
});

it("takes no more calls, and no more bytes, than it may", () => {
  const waiting = new WaitingCalls();
  const large = Array.from({ length: 16 }, () => call(4 * 1024 * 1024));
  expect(large.map((one) => waiting.add(one))).not.toContain(false);
  expect(waiting.add(call(1))).toBe(false);
  waiting.delete(large[0]!);
  expect(waiting.add(call(1))).toBe(true);
  waiting.takeAll();
  for (let i = 0; i < 10_000; i++) expect(waiting.add(call(0))).toBe(true);
  expect(waiting.add(call(0))).toBe(false);
  waiting.takeAll();
});
