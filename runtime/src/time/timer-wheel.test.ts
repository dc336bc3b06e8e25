import { describe, expect, it } from "vitest";
import { type Timed, TimerWheel } from "./timer-wheel.js";

function timed(onTime: () => void): Timed {
  return { onTime, dueTick: 0, next: undefined, previous: undefined };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("TimerWheel", () => {
  it("calls each once, never early and at most a little late", async () => {
    const wheel = new TimerWheel();
    const late: number[] = [];
    const delays = Array.from({ length: 200 }, (_, i) => (i * 7) % 300);
    for (const delay of delays) {
      const due = performance.now() + delay;
      wheel.add(
        timed(() => late.push(performance.now() - due)),
        delay,
      );
    }
    while (late.length < 200) await wait(10);
    expect(late).toHaveLength(200);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(2_000);
    expect(wheel.size).toBe(0);
  });

  it("does not call what was removed, or moved to later", async () => {
    const wheel = new TimerWheel();
    const called: string[] = [];
    const entries = ["a", "b", "c", "d"].map((name) => timed(() => called.push(name)));
    for (const entry of entries) wheel.add(entry, 30);
    wheel.remove(entries[1]!);
    wheel.remove(entries[1]!);
    wheel.add(entries[2]!, 10_000);
    expect(wheel.size).toBe(3);
    await wait(120);
    expect(called.sort()).toEqual(["a", "d"]);
    wheel.remove(entries[2]!);
    expect(wheel.size).toBe(0);
  });

  it("lets what it calls remove and add others", async () => {
    const wheel = new TimerWheel();
    const called: string[] = [];
    const b = timed(() => called.push("b"));
    const c = timed(() => called.push("c"));
    const a = timed(() => {
      called.push("a");
      wheel.remove(b);
      wheel.add(c, 10);
    });
    // The last added is called first.
    wheel.add(b, 20);
    wheel.add(a, 20);
    await wait(120);
    expect(called).toEqual(["a", "c"]);
  });

  it("keeps what is due after a turn of the wheel", async () => {
    const wheel = new TimerWheel();
    let called = 0;
    const far = timed(() => called++);
    wheel.add(far, 1024 * 16 + 30);
    await wait(120);
    expect([called, wheel.size]).toEqual([0, 1]);
    wheel.add(far, Number.POSITIVE_INFINITY);
    expect(wheel.size).toBe(0);
  });
});
