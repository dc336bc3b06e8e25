import { parseArgs } from "node:util";
import { translationBars as bars } from "./bars.js";
import { table, verdict, writeJson } from "./report.js";
import { makeCase, WIDTHS } from "./translate/case.js";
import { type HeapGrowth, heapGrowth } from "./translate/heap.js";
import { checkAnswers, type Timing, time } from "./translate/time.js";

/** One thing that was measured, and whether it is as it must be. */
interface Verdict {
  readonly what: string;
  readonly figure: number;
  readonly bar: number;
  readonly met: boolean;
}

const SIZES = [10, 200, 1_000, 10_000];
const BAR_ROWS = 200;
const NARROW = WIDTHS[0];

const usage = `npm run bench:translate -- [flags]
  --rounds N   rounds of each case; the median counts (default 25)
  --no-bars    report missed bars, but exit with 0
`;

async function bench(rounds: number): Promise<boolean> {
  const cases = WIDTHS.flatMap((width) => SIZES.map((rows) => makeCase(rows, width)));
  for (const one of cases) await checkAnswers(one);
  const timings: Timing[] = [];
  for (const one of cases) timings.push(await time(one, rounds));
  const heap = heapGrowth();
  const verdicts = [...speed(timings), linear(timings), garbage(heap)];

  console.log(
    `CPU time of translating and joining, us per row: median of ${rounds}; Node ${process.version}\n`,
  );
  const lines = timings.map(({ width, rows, portico, protobufEs, ratio }) => {
    return [width, String(rows), portico.toFixed(3), protobufEs.toFixed(3), ratio.toFixed(2)];
  });
  console.log(table([["order", "rows", "portico", "protobuf-es", "times"], ...lines]).join("\n"));
  const growths = heap.map(({ width, portico, protobufEs }) => {
    return [width, portico.toFixed(0), protobufEs.toFixed(0)];
  });
  console.log(`\nheap growth, bytes per row of ${BAR_ROWS}\n`);
  console.log(table([["order", "portico", "protobuf-es"], ...growths]).join("\n"));
  console.log("");
  for (const { what, figure, met } of verdicts) console.log(`${what}: ${figure.toFixed(2)}, ${verdict(met)}`);
  const barsMet = verdicts.every(({ met }) => met);
  const report = { node: process.version, rounds, timings, heap, verdicts, barsMet };
  console.log(`\nwritten to ${writeJson("translate.json", report)}`);
  return barsMet;
}

function speed(timings: readonly Timing[]): Verdict[] {
  const { portico, ratio } = timings.find(({ width, rows }) => width === NARROW && rows === BAR_ROWS)!;
  const { usPerRow, timesProtobufEs } = bars;
  return [
    atMost(`us per row, ${BAR_ROWS} rows of ${NARROW}, at most ${usPerRow}`, portico, usPerRow),
    {
      what: `times faster than protobuf-es, at least ${timesProtobufEs}`,
      figure: ratio,
      bar: timesProtobufEs,
      met: ratio >= timesProtobufEs,
    },
  ];
}

/** The worst that a row costs more than in any smaller list. */
function linear(timings: readonly Timing[]): Verdict {
  const growths = timings.map(({ width, rows, portico }) => {
    const smaller = timings.filter((other) => other.width === width && other.rows < rows);
    return portico / Math.min(portico, ...smaller.map((other) => other.portico));
  });
  const what = `times the cost of a row in a smaller list, ${SIZES[0]} to ${SIZES.at(-1)} rows, at most ${bars.growth}`;
  return atMost(what, Math.max(...growths), bars.growth);
}

/** What three fields and a message more in each row leave behind. */
function garbage(heap: readonly HeapGrowth[]): Verdict {
  const [narrow, wide] = heap.map(({ portico }) => portico) as [number, number];
  const perField = Math.max(0, wide - narrow) / 3;
  const what = `bytes of garbage per field more, at most ${bars.garbagePerField}`;
  return atMost(what, perField, bars.garbagePerField);
}

function atMost(what: string, figure: number, bar: number): Verdict {
  return { what, figure, bar, met: figure <= bar };
}

try {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "25" },
      "no-bars": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds: a whole number from 1 up");
  if (values.help) console.log(usage);
  else if (!(await bench(rounds)) && !values["no-bars"]) process.exitCode = 1;
} catch (thrown) {
  console.error(`bench:translate: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exitCode = 1;
}
