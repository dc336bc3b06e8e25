import { expect, it } from "vitest";
import { BodyPace, LEAST_BYTES_PER_SECOND, PACE_GRACE_MS } from "./body-pace.js";

/** A pace, and a clock that the test turns. */
function start() {
  let nowMs = 1_000;
  let dueMs = Number.POSITIVE_INFINITY;
  let late = 0;
  const wheel = {
    add(_timed: unknown, delayMs: number) {
      dueMs = nowMs + delayMs;
    },
    remove() {
      dueMs = Number.POSITIVE_INFINITY;
    },
  };
  const pace = new BodyPace(
    wheel,
    () => late++,
    () => nowMs,
  );
  pace.start();
  return {
    pace,
    wait(ms: number) {
      const end = nowMs + ms;
      while (dueMs <= end) {
        nowMs = dueMs;
        dueMs = Number.POSITIVE_INFINITY;
        pace.onTime();
      }
      nowMs = end;
    },
    late: () => late,
  };
}

it("ends a body of which nothing comes when the grace is over, once", () => {
  const { wait, late } = start();
  wait(PACE_GRACE_MS - 1);
  expect(late()).toBe(0);
  wait(1);
  expect(late()).toBe(1);
  wait(100_000);
  expect(late()).toBe(1);
});

it("ends one that trickles below the rate, and lets one go on that is just above", () => {
  const slow = start();
  const fast = start();
  for (let second = 0; second < 600; second++) {
    slow.wait(1_000);
    slow.pace.count(1);
    fast.wait(1_000);
    fast.pace.count(LEAST_BYTES_PER_SECOND);
    // A byte a second buys next to nothing.
    if (second === 11) expect(slow.late()).toBe(1);
  }
  expect([slow.late(), fast.late()]).toEqual([1, 0]);
  fast.wait(PACE_GRACE_MS);
  expect(fast.late()).toBe(1);
});

it("counts from where it has started again, and never while it is stopped", () => {
  const { pace, wait, late } = start();
  pace.count(1_000_000);
  wait(5_000);
  pace.stop();
  wait(1_000_000);
  expect(late()).toBe(0);
  pace.start();
  wait(PACE_GRACE_MS - 1);
  pace.start();
  expect(late()).toBe(0);
  wait(1);
  expect(late()).toBe(1);
});
