/** A number below `limit`. */
export type Random = (limit: number) => number;

/** A generator of numbers, the same for the same seed. */
export function numbers(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

/** PORTICO_FUZZ_SEED repeats a run. */
export const fuzzSeed = Number(process.env.PORTICO_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** How many inputs a test has: PORTICO_FUZZ_RUNS, or what is said here. */
export function fuzzRuns(otherwise: number): number {
  return Number(process.env.PORTICO_FUZZ_RUNS ?? otherwise);
}

/** Milliseconds of CPU so far: a machine that is busy with other things does not add to them. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Runs `run` with seeds that follow each other, and says which one failed. None may take a second of CPU: nothing hangs.
 */
export function runSeeds(runs: number, run: (seed: number) => void): void {
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    const startCpu = cpuMs();
    try {
      run((fuzzSeed + i) | 0);
      if (performance.now() - start > 1_000 && cpuMs() - startCpu > 1_000) throw new Error("too slow");
    } catch (thrown) {
      throw new Error(`PORTICO_FUZZ_SEED=${fuzzSeed + i} PORTICO_FUZZ_RUNS=1`, { cause: thrown });
    }
  }
}
