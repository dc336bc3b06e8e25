import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSyntheticWorkspace } from "./generate/synthetic-workspace.js";
import { repoDir } from "./lib/paths.js";
import { makeTempDir } from "./lib/temp-dir.js";
import { verdict, writeJson } from "./report.js";

const METHODS = 500;
const AT_MOST_MS = 300;
/** Between an answer and the next edit, as a person would leave: what is done meanwhile is part of no answer. */
const PAUSE_MS = 2_000;

const usage = `npm run bench:watch -- [flags]
  --edits N   edits that are answered (default 10); the slowest counts
  --no-bars   report missed bars, but exit with 0
`;

/** Starts `portico check --watch` on a large workspace, and edits it; how much CPU time of its own each answer takes. */
async function bench(edits: number): Promise<boolean> {
  const dir = join(makeTempDir(), "workspace");
  writeSyntheticWorkspace(dir, METHODS);
  // Its buf is the repository's.
  symlinkSync(join(repoDir, "node_modules"), join(dir, "node_modules"));
  const file = join(dir, "public/synth/api/d003/v1/things.proto");
  const right = readFileSync(file, "utf8");
  const wrong = right.replace('.from = "name"', '.from = "nmae"');

  const child = spawn(process.execPath, [join(repoDir, "plugin/bin/portico.js"), "check", "--watch"], {
    cwd: dir,
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const answers = answersOf(child);
    const start = await answers.next();
    const ownMs: number[] = [];
    for (let edit = 0; edit < edits; edit++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      writeFileSync(file, edit % 2 === 0 ? wrong : right);
      const { findings, ms } = (await answers.next()).value!;
      if (findings !== (edit % 2 === 0 ? "1 finding" : "no findings"))
        throw new Error(`edit ${edit + 1} was answered with "${findings}"`);
      ownMs.push(ms);
    }
    const slowest = Math.max(...ownMs);
    const bar = { atMostMs: AT_MOST_MS, met: slowest < AT_MOST_MS };
    console.log(
      `portico check --watch, ${METHODS} methods; own CPU time, in milliseconds; Node ${process.version}\n`,
    );
    console.log(`start    ${start.value!.ms}`);
    console.log(`edits    ${ownMs.join(" ")}`);
    console.log(`slowest  ${slowest}, under ${AT_MOST_MS}: ${verdict(bar.met)}`);
    const report = { node: process.version, methods: METHODS, startMs: start.value!.ms, editsMs: ownMs, bar };
    console.log(`\nwritten to ${writeJson("watch.json", report)}`);
    return bar.met;
  } finally {
    child.kill("SIGINT");
  }
}

/** What is said of each check: the process measures itself, buf's processes apart. */
async function* answersOf(child: ChildProcess): AsyncGenerator<{ findings: string; ms: number }> {
  let said = "";
  for await (const text of child.stderr!) {
    said += String(text);
    const answer = /^portico: (.*) \(\d+ ms, own CPU (\d+) ms\); waiting for changes$/m.exec(said);
    if (answer === null) continue;
    said = "";
    yield { findings: answer[1]!, ms: Number(answer[2]) };
  }
  throw new Error(`portico check --watch ended: ${said}`);
}

try {
  const { values } = parseArgs({
    options: {
      edits: { type: "string", default: "10" },
      "no-bars": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const edits = Number(values.edits);
  if (!Number.isInteger(edits) || edits < 1) throw new Error("--edits: a whole number from 1 up");
  if (values.help) console.log(usage);
  else if (!(await bench(edits)) && !values["no-bars"]) process.exitCode = 1;
} catch (thrown) {
  console.error(`bench:watch: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exitCode = 1;
}
