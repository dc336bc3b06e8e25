import { describe, expect, it, vi } from "vitest";
import { find, findLast, SHORT, splitAt } from "./search.js";
import { contains, indexOf, lastIndexOf, replace, split } from "./string.js";

/** A part that nearly stands everywhere in a text of one letter. */
const nearly = `${"a".repeat(2_000)}b${"a".repeat(2_000)}`;
const text = "a".repeat(20_000);

describe("searches of long parts", () => {
  const searches: Readonly<Record<string, () => unknown>> = {
    contains: () => contains(text, nearly),
    indexOf: () => indexOf(text, nearly),
    lastIndexOf: () => lastIndexOf(text, nearly),
    split: () => split(text, nearly),
    replace: () => replace(text, nearly, "x"),
  };
  it.each(Object.entries(searches))("%s looks at each unit a few times", (_, run) => {
    let looked = 0;
    const charCodeAt = String.prototype.charCodeAt;
    const spies = [
      vi.spyOn(String.prototype, "charCodeAt").mockImplementation(function (this: string, i: number) {
        looked++;
        return charCodeAt.call(this, i);
      }),
      // The engine's own searches do not say how often they look.
      ...(["includes", "indexOf", "lastIndexOf", "split"] as const).map((name) =>
        vi.spyOn(String.prototype, name),
      ),
    ];
    run();
    const byEngine = spies.slice(1).flatMap(({ mock }) => mock.calls as unknown[][]);
    const total = looked;
    vi.restoreAllMocks();
    expect(byEngine.filter(([part]) => typeof part === "string" && part.length > SHORT)).toEqual([]);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(8 * (text.length + nearly.length));
  });

  it("finds what the engine finds", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const word = (length: number) => Array.from({ length }, () => (random(12) === 0 ? "b" : "a")).join("");
    for (let i = 0; i < 2_000; i++) {
      const all = word(random(200));
      const at = random(all.length + 1);
      const cut = all.slice(at, at + SHORT + 1 + random(20));
      const part = random(2) === 0 && cut.length > SHORT ? cut : word(SHORT + 1 + random(20));
      const from = random(all.length + 1);
      expect(find(all, part, from)).toBe(all.indexOf(part, from));
      expect(findLast(all, part, from)).toBe(all.lastIndexOf(part, from));
      expect(splitAt(all, part)).toEqual(all.split(part));
    }
  });
});
