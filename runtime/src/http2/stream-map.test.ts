import fc from "fast-check";
import { expect, it } from "vitest";
import type { Http2Stream } from "./stream.js";
import { StreamMap } from "./stream-map.js";

it("holds what a Map would", () => {
  // Ids that meet in one slot are likely.
  const id = fc
    .oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 32, 64, 128, 256))
    .map((i) => i * 2 + 1);
  const steps = fc.array(fc.tuple(fc.boolean(), id), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (changes) => {
      const map = new StreamMap();
      const model = new Map<number, Http2Stream>();
      for (const [adds, id] of changes) {
        if (!adds) {
          map.delete(id);
          model.delete(id);
        } else if (!model.has(id)) {
          const stream = { id } as Http2Stream;
          map.add(stream);
          model.set(id, stream);
        }
        expect(map.size).toBe(model.size);
        expect(map.get(id)).toBe(model.get(id));
      }
      expect(new Set(map.values())).toEqual(new Set(model.values()));
      for (const [id, stream] of model) expect(map.get(id)).toBe(stream);
    }),
    { numRuns: 200 },
  );
});
