import { compare, comparisons } from "./comparisons.js";
import { idle, slow } from "./connections.js";
import { fanOut } from "./fan-out/fan-out.js";
import type { Laboratory } from "./laboratory.js";
import { latency } from "./latency.js";
import { makeIdentity } from "./lib/identity.js";
import { makeTempDir } from "./lib/temp-dir.js";
import { makeTokens } from "./lib/token.js";
import { h2load, h2loadInstalled } from "./load/h2load.js";
import type { LoadGenerator } from "./load/load.js";
import { nodeLoad } from "./load/node.js";
import { type Options, parseOptions, pick, usage } from "./options.js";
import { type Finding, formatReport, makeReport, type Row, writeJson } from "./report.js";
import { workers } from "./workers.js";

/** What a part has measured. */
interface Measured {
  readonly rows?: readonly Row[];
  readonly findings?: readonly Finding[];
}

/** A part of the bench, which can be run alone. */
interface Part {
  readonly name: string;
  measure(laboratory: Laboratory): Promise<Measured>;
}

const parts: readonly Part[] = [
  ...Object.entries(comparisons).map(([name, comparison]) => ({
    name,
    measure: async (laboratory: Laboratory) => ({ rows: await compare(laboratory, comparison) }),
  })),
  { name: "workers", measure: workers },
  { name: "latency", measure: latency },
  { name: "fan-out", measure: fanOut },
  { name: "idle", measure: idle },
  { name: "slow", measure: slow },
];

/** Measures all that the options ask for, prints and writes the report; answers with the exit code. */
async function bench(options: Options): Promise<number> {
  const load = loadGenerator(options);
  const tempDir = makeTempDir();
  const laboratory: Laboratory = {
    options,
    load,
    tokens: await makeTokens(),
    identity: makeIdentity(tempDir),
    tempDir,
  };
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const part of pick(parts, options.parts)) {
    console.log(`\n${part.name}`);
    const measured = await part.measure(laboratory);
    rows.push(...(measured.rows ?? []));
    findings.push(...(measured.findings ?? []));
  }
  const report = makeReport({ loadGenerator: load.name, rounds: options.rounds }, rows, findings);
  console.log(`\n${formatReport(report)}\n\nwritten to ${writeJson("bench.json", report)}`);
  if (report.barsMet) return 0;
  console.log("a bar is missed");
  return options.gateBars ? 1 : 0;
}

function loadGenerator({ load }: Options): LoadGenerator {
  if (load !== undefined) return pick([h2load, nodeLoad], [load])[0]!;
  return h2loadInstalled() ? h2load : nodeLoad;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exitCode = await bench(options);
} catch (thrown) {
  console.error(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exitCode = 1;
}
