import { expect, it } from "vitest";
import { playFrames } from "./fuzz.test.support.js";
import { fuzzRuns, fuzzSeed, runSeeds } from "./random.test.support.js";

// Half of what PORTICO_FUZZ_RUNS says; the other half is the server's.
const runs = fuzzRuns(100_000) / 2;

it(`any frames do not harm a client (seed ${fuzzSeed}, ${runs} sequences)`, { timeout: 7_200_000 }, () => {
  const before = process.memoryUsage().external;
  runSeeds(runs, (seed) => playFrames(seed, false));
  expect(process.memoryUsage().external - before).toBeLessThan(200e6);
});
