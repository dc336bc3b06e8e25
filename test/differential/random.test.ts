import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Case, type Difference, difference } from "./compare.js";
import { dataFor } from "./data.js";
import { Random } from "./hostile.js";
import { schema, tapes } from "./schema.js";
import { type Refused, type World, worlds } from "./worlds.js";

// The same in every run, so that a test does not fail because of what another change has not touched: npm run long
// looks at other schemas each time.
const SEED = Number(process.env.PORTICO_SEED ?? 380631951);
const SCHEMAS = Number(process.env.PORTICO_SCHEMAS ?? 500);
const SHRINK_MS = Number(process.env.PORTICO_SHRINK_MS ?? 60_000);
const DATA = Number(process.env.PORTICO_DATA ?? 20);

/** Schemas that are compiled together. */
const BATCH = 100;

describe(`seed ${SEED} (PORTICO_SEED repeats it)`, () => {
  it(
    `${SCHEMAS} random schemas, each with ${DATA} data, do what the reference does`,
    async () => {
      const all = fc.sample(tapes, { numRuns: SCHEMAS, seed: SEED });
      let refused = 0;
      const codes = new Map<number | undefined, number>();
      for (let start = 0; start < SCHEMAS; start += BATCH) {
        const batch = all.slice(start, start + BATCH);
        const made = worlds(batch.map((tape, i) => schema(start + i, tape)));
        for (const [i, world] of made.entries()) {
          if ("findings" in world) refused++;
          else {
            const found = await differs(world, start + i, codes);
            if (found !== undefined) throw new Error(await smallest(batch[i]!, found));
          }
        }
      }
      console.log(
        `random schemas, seed ${SEED}: ${refused} of ${SCHEMAS} refused; codes ${JSON.stringify([...codes])}`,
      );
      expect(refused / SCHEMAS).toBeLessThan(0.1);
    },
    24 * 3_600_000,
  );
});

async function differs(
  world: World,
  number: number,
  codes: Map<number | undefined, number> = new Map(),
): Promise<string | undefined> {
  for (let n = 0; n < DATA; n++) {
    const plan = world.methods[n % world.methods.length]!;
    const data = dataFor(world, plan, new Random(SEED + number * 7919 + n));
    const onCode = (code: number | undefined) => codes.set(code, (codes.get(code) ?? 0) + 1);
    const found = await difference(world, plan, data, false, onCode);
    if (found !== undefined) return report(world, plan.desc.name, data, found);
  }
  return undefined;
}

/** The simplest schema that fast-check finds in the time that there is, with the same fault. */
async function smallest(tape: readonly number[], found: string): Promise<string> {
  const kind = (text: string) => text.split(" of ")[0];
  let best = found;
  const property = fc.asyncProperty(tapes, async (other) => {
    const [world] = worlds([schema(0, other)]) as [World | Refused];
    const text = "findings" in world ? undefined : await differs(world, 0);
    if (text === undefined || kind(text) !== kind(found)) return true;
    best = text;
    return false;
  });
  await fc.check(property, {
    seed: SEED,
    numRuns: 1,
    examples: [[[...tape]]],
    interruptAfterTimeLimit: SHRINK_MS,
  });
  return best;
}

function report(world: World, method: string, data: Case, { what, actual, expected }: Difference): string {
  const hex = (value: unknown): unknown =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString("hex")
      : Array.isArray(value)
        ? value.map(hex)
        : value;
  return [
    `${what} of ${method} differs from the reference's`,
    `actual    ${actual instanceof Error ? actual.stack : JSON.stringify(actual)}`,
    `expected  ${JSON.stringify(expected)}`,
    `request   ${hex(data.request)}`,
    ...[...data.replies].map(([name, reply]) => `${name}  ${JSON.stringify(hex(reply))}`),
    ...Object.values(world.sources),
  ].join("\n");
}
