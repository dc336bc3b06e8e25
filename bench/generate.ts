import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { cpuTimeMs } from "./generate/cpu-time.js";
import { writeSyntheticWorkspace } from "./generate/synthetic-workspace.js";
import { repoDir } from "./lib/paths.js";
import { makeTempDir } from "./lib/temp-dir.js";
import { table, verdict, writeJson } from "./report.js";

/** A buf workspace to generate, and how long that may take. */
interface Workspace {
  readonly name: string;
  readonly dir: string;
  /** Names that the generated text must contain: a plugin that makes nothing is fast. */
  readonly methods: readonly string[];
  /** CPU time allowed, in milliseconds. */
  readonly atMostMs?: number;
}

const SIZES = [125, 250, 500] as const;
const EXAMPLE_AT_MOST_MS = 2_000;
const LARGEST_AT_MOST_MS = 6_000;
// Twice the methods: under 2 when linear, since starting costs the same; 4 when quadratic. The rest is for noise.
const GROWTH_AT_MOST = 2.2;

const usage = `npm run bench:generate -- [flags]
  --runs N        runs of each workspace; the least counts (default 5)
  --plugin NAME   another plugin, to compare with: protoc-gen-es
  --no-bars       report missed bars, but exit with 0
`;

function bench(plugin: string, runs: number): boolean {
  const tempDir = makeTempDir();
  const workspaces = [exampleWorkspace(), ...SIZES.map((size) => syntheticWorkspace(tempDir, size))];
  const samples = workspaces.map((workspace) => ({ workspace, runsMs: [] as number[], outputBytes: 0 }));
  for (let run = 0; run < runs; run++) {
    for (const sample of samples) {
      const out = join(tempDir, "out");
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
      sample.runsMs.push(generate(sample.workspace, plugin, out));
      sample.outputBytes = checkOutput(sample.workspace, out);
    }
  }
  const rows = samples.map(({ workspace: { name, atMostMs }, runsMs, outputBytes }) => {
    const cpuMs = Math.min(...runsMs);
    const bar = atMostMs === undefined ? undefined : { atMostMs, met: cpuMs < atMostMs };
    return { workspace: name, cpuMs, runsMs, outputBytes, ...(bar && { bar }) };
  });
  const ratio = rows.at(-1)!.cpuMs / rows.at(-2)!.cpuMs;
  const growth = { ratio, atMost: GROWTH_AT_MOST, met: ratio <= GROWTH_AT_MOST };
  const barsMet = growth.met && rows.every((row) => row.bar?.met !== false);

  const lines = rows.map(({ workspace, cpuMs, outputBytes, bar }) => [
    workspace,
    cpuMs.toFixed(0),
    (outputBytes / 1024).toFixed(0),
    bar === undefined ? "" : `under ${bar.atMostMs}: ${verdict(bar.met)}`,
  ]);
  console.log(
    `CPU time of buf generate with ${plugin}, in milliseconds: least of ${runs}; Node ${process.version}\n`,
  );
  console.log(table([["workspace", "CPU ms", "KiB made", "bars"], ...lines]).join("\n"));
  console.log(
    `\n${SIZES.at(-1)} methods cost ${ratio.toFixed(2)} times ${SIZES.at(-2)} ` +
      `(at most ${GROWTH_AT_MOST}): ${verdict(growth.met)}`,
  );
  const report = { node: process.version, plugin, runs, rows, growth, barsMet };
  console.log(`\nwritten to ${writeJson("generate.json", report)}`);
  return barsMet;
}

function exampleWorkspace(): Workspace {
  const methods = ["ListOrdersWithUser", "CreateUser", "ListItemsGroupedByUsers"];
  return { name: "example", dir: repoDir, methods, atMostMs: EXAMPLE_AT_MOST_MS };
}

function syntheticWorkspace(tempDir: string, size: (typeof SIZES)[number]): Workspace {
  const dir = join(tempDir, `workspace-${size}`);
  const methods = writeSyntheticWorkspace(dir, size);
  const workspace = { name: `${size} methods`, dir, methods };
  return size === SIZES.at(-1) ? { ...workspace, atMostMs: LARGEST_AT_MOST_MS } : workspace;
}

function generate({ dir }: Workspace, plugin: string, out: string): number {
  const opt = plugin === "protoc-gen-es" ? ["target=ts", "import_extension=js"] : [];
  const template = {
    version: "v2",
    plugins: [{ local: plugin, out: ".", strategy: "all", ...(opt.length > 0 && { opt }) }],
  };
  const bin = join(repoDir, "node_modules/.bin");
  return cpuTimeMs(
    join(bin, "buf"),
    ["generate", `--template=${JSON.stringify(template)}`, `--output=${out}`],
    {
      cwd: dir,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
    },
  );
}

function checkOutput({ name, methods }: Workspace, out: string): number {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const text = files.map((entry) => readFileSync(join(entry.path, entry.name), "utf8")).join("");
  const missing = methods.filter((method) => !text.includes(method));
  if (missing.length > 0) {
    throw new Error(`${name}: ${missing.length} methods not generated, the first is ${missing[0]}`);
  }
  return Buffer.byteLength(text);
}

try {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "5" },
      plugin: { type: "string", default: "protoc-gen-portico" },
      "no-bars": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs: a whole number from 1 up");
  if (values.help) console.log(usage);
  else if (!bench(values.plugin, runs) && !values["no-bars"]) process.exitCode = 1;
} catch (thrown) {
  console.error(`bench:generate: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exitCode = 1;
}
