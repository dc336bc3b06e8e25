import { median } from "../lib/median.js";
import type { Case, Width } from "./case.js";
import { portico } from "./portico.js";
import { protobufEs } from "./protobuf-es.js";

/** CPU time of one case, in microseconds per row. */
export interface Timing {
  readonly width: Width;
  readonly rows: number;
  readonly portico: number;
  readonly protobufEs: number;
  /** How many times as long the objects take: the median of the ratios of single rounds. */
  readonly ratio: number;
}

// Rows of one measured run; objects take longer, and get fewer.
const ROWS_OF_A_RUN = 40_000;
const OBJECT_ROWS_OF_A_RUN = 12_000;
const WARM_UP_ROUNDS = 4;

/** Throws unless both answer a case with the very bytes that they should. */
export async function checkAnswers(one: Case): Promise<void> {
  for (const [name, run] of Object.entries({ portico: portico(one), "protobuf-es": protobufEs(one) })) {
    if (Buffer.compare(await run(), one.answer) !== 0) {
      throw new Error(`${name}: a wrong answer for ${one.rows} rows of ${one.width}`);
    }
  }
}

/** Measures both in turns, so that whatever else the machine does hits both. */
export async function time(one: Case, rounds: number): Promise<Timing> {
  const { rows, width } = one;
  const own = portico(one);
  const objects = protobufEs(one);
  const ownUs: number[] = [];
  const objectsUs: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const ownRound = await usPerRow(own, rows, ROWS_OF_A_RUN);
    const objectsRound = await usPerRow(objects, rows, OBJECT_ROWS_OF_A_RUN);
    if (round < 0) continue;
    ownUs.push(ownRound);
    objectsUs.push(objectsRound);
  }
  const ratio = median(ownUs.map((us, round) => objectsUs[round]! / us));
  return { width, rows, portico: median(ownUs), protobufEs: median(objectsUs), ratio };
}

async function usPerRow(run: () => Promise<Uint8Array>, rows: number, rowsOfARun: number): Promise<number> {
  const times = Math.max(2, Math.round(rowsOfARun / rows));
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times / rows;
}
