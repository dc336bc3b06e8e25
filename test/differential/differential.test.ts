import { describe, expect, it } from "vitest";
import { chosen } from "./chosen.js";
import { difference } from "./compare.js";
import { dataFor } from "./data.js";
import { Random } from "./hostile.js";
import { rich } from "./rich.js";
import { type World, worlds } from "./worlds.js";

const SEED = Number(process.env.PORTICO_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.PORTICO_RUNS ?? 1000);

describe(`seed ${SEED} (PORTICO_SEED repeats it)`, () => {
  it(`${RUNS} requests and responses of each method of rich schemas are as the reference has them`, async () => {
    const made = worlds([rich, chosen]);
    for (const one of made) if ("findings" in one) throw new Error(one.findings.join("\n"));
    const codes = new Map<number | undefined, number>();
    for (let i = 0; i < RUNS; i++) {
      for (const world of made as World[])
        for (const plan of world.methods) {
          const seed = (SEED + i * 7919) | 0;
          const data = dataFor(world, plan, new Random(seed));
          const found = await difference(world, plan, data, false, (code) =>
            codes.set(code, (codes.get(code) ?? 0) + 1),
          );
          expect(found, `seed ${seed}, ${plan.desc.name}`).toBeUndefined();
        }
    }
    console.log(`differential seed ${SEED}: codes ${JSON.stringify([...codes])}`);
    expect(codes.get(undefined)).toBeGreaterThan(RUNS);
  }, 3_600_000);
});
