/**
 * Jobs that take minutes or hours: npm run long. `npm run long -- NAME` runs those whose names have the text. Each prints the
 * seed that repeats it.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = ["node_modules/vitest/vitest.mjs", "run"];

const JOBS = [
  {
    name: "random schemas",
    args: [...vitest, "test/differential/random.test.ts"],
    env: { PORTICO_SEED: String(Date.now() % 2 ** 31), PORTICO_SCHEMAS: "5000", PORTICO_DATA: "200" },
  },
  {
    name: "mutated bytes",
    args: [...vitest, "test/differential/mutated.test.ts"],
    env: { PORTICO_MUTATIONS: "1000000" },
  },
  {
    name: "rich schema",
    args: [...vitest, "test/differential/differential.test.ts"],
    env: { PORTICO_RUNS: "50000" },
  },
  {
    name: "frames",
    args: [
      ...vitest,
      "runtime/src/http2/fuzz-server.test.ts",
      "runtime/src/http2/fuzz-client.test.ts",
      "runtime/src/http2/hpack/fuzz.test.ts",
    ],
    env: { PORTICO_FUZZ_RUNS: "1000000" },
  },
  // 20 minutes, or PORTICO_SOAK_MINUTES; on built code.
  { name: "soak", args: ["test/soak/run.js"], env: {} },
  { name: "mutants", args: ["test/mutants/run.js"], env: {} },
];

const wanted = process.argv[2] ?? "";
const jobs = JOBS.filter(({ name }) => name.includes(wanted));
if (jobs.length === 0) {
  console.error(`no job "${wanted}"; there are: ${JOBS.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
}
for (const { name, args, env } of jobs) {
  const started = Date.now();
  console.log(`::: ${name}`);
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...env, ...process.env },
    stdio: "inherit",
  });
  const minutes = ((Date.now() - started) / 60_000).toFixed(1);
  console.log(`::: ${name}: ${status === 0 ? "passed" : "FAILED"} (${minutes} minutes)`);
  if (status !== 0) process.exitCode = 1;
}
