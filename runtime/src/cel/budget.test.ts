import { describe, expect, it } from "vitest";
import { beginWalk, MAX_MADE, MAX_STEPS, spend, walk } from "./budget.js";
import { CostError } from "./error.js";
import * as cel from "./index.js";

const list = Array.from({ length: 100_000 }, (_, i) => String(i));
const search = () => cel.inList("none", list);
const times = (count: number, run: () => unknown) => {
  for (let i = 0; i < count; i++) run();
};
const tooMany = MAX_STEPS / list.length + 1;
const bytes = new Uint8Array(1024 * 1024);

describe("the cost of a walk", () => {
  it("adds up over its expressions", () => {
    expect(() => walk(() => times(tooMany, search))).toThrow(CostError);
    expect(() => walk(() => times(tooMany, () => cel.exists([1], search)))).toThrow(CostError);
    expect(() => walk(() => times(MAX_MADE / bytes.length, () => cel.concatBytes(bytes, bytes)))).toThrow(CostError); // biome-ignore format: short
  });

  it("starts anew with the next one", () => {
    times(3, () => walk(() => times(tooMany - 1, search)));
  });

  it("is nobody else's, once it has been too much", () => {
    beginWalk();
    expect(() => times(tooMany, search)).toThrow(CostError);
    times(tooMany, search);
  });

  it("ends when who walks gives the process to others", async () => {
    beginWalk();
    times(tooMany - 1, search);
    await Promise.resolve();
    times(tooMany - 1, search);
    beginWalk();
    expect(() => times(tooMany, search)).toThrow(CostError);
  });

  it("is not known outside", () => {
    times(tooMany, search);
  });
});

describe("what is compared", () => {
  const long = "x".repeat(1024 * 1024);
  // Two of one text, of which the engine does not know that they are.
  const [a, b] = [`${long}a`, [long, "a"].join("")];
  const encoded = [Buffer.from(a), Buffer.from(b)] as const;
  it.each([
    ["==", () => cel.equals(a, b)],
    ["!=", () => cel.differs(a, b)],
    ["== of lists", () => cel.equals([a], [b])],
    ["in", () => cel.inList(a, [b])],
    ["<", () => cel.compareStrings(a, b)],
    ["< of what is dynamic", () => cel.less(a, b)],
    ["startsWith", () => cel.startsWith(a, b)],
    ["endsWith", () => cel.endsWith(a, b)],
    ["== of bytes", () => cel.equals(...encoded)],
    ["< of bytes", () => cel.compareBytes(...encoded)],
  ])("costs by its length: %s", (_, compare) => {
    const after = (steps: number) => () =>
      walk(() => {
        spend(steps);
        compare();
      });
    expect(after(MAX_STEPS - long.length / 20)).toThrow(CostError);
    after(MAX_STEPS - long.length / 10)();
  });

  it("costs nothing where the lengths tell", () => {
    walk(() => {
      spend(MAX_STEPS);
      cel.equals(a, long);
    });
  });
});
