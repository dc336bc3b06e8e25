import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../lib/median.js";
import { makeCase, WIDTHS, type Width } from "./case.js";
import { portico } from "./portico.js";
import { protobufEs } from "./protobuf-es.js";

/** By how many bytes the heap grows for a row, collected or not. */
export interface HeapGrowth {
  readonly width: Width;
  readonly portico: number;
  readonly protobufEs: number;
}

const ROWS = 200;
const WARM_UP_RUNS = 3_000;
const RUNS = 20;
const REPEATS = 15;
// So large that nothing is collected while it is measured.
const FLAGS = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];

/** Measures in a process of its own: the flags that it needs would change what else is measured. */
export function heapGrowth(): readonly HeapGrowth[] {
  const args = [...FLAGS, fileURLToPath(import.meta.url)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as HeapGrowth[];
}

async function growthOf(run: () => Promise<Uint8Array>): Promise<number> {
  for (let i = 0; i < WARM_UP_RUNS; i++) await run();
  const bytes: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    global.gc!();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < RUNS; i++) await run();
    bytes.push(process.memoryUsage().heapUsed - before);
  }
  return median(bytes) / RUNS / ROWS;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const growths: HeapGrowth[] = [];
  for (const width of WIDTHS) {
    const one = makeCase(ROWS, width);
    const own = await growthOf(portico(one));
    growths.push({ width, portico: own, protobufEs: await growthOf(protobufEs(one)) });
  }
  console.log(JSON.stringify(growths));
}
