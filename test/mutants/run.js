/**
 * Breaks rules one at a time, each in a copy of the sources, and runs the tests that should notice: npm run mutants.
 *
 *     npm run mutants -- --sample 6 --seed 7   # so many, chosen by a seed
 *     npm run mutants -- "zero"                # those whose rule has this text
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutants } from "./mutants.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Within this, tests pass without a mutant, on a busy machine too. */
const SOUND_MS = 1_200_000;

/** The tests, those that are fast and notice most first. */
const STAGES = [
  { tests: ["test/reference", "test/differential/differential.test.ts"], env: { PORTICO_RUNS: "150" } },
  { tests: ["runtime/src/wire", "runtime/src/call", "runtime/src/cel", "runtime/src/auth"], env: {} },
  {
    tests: [
      "test/prune",
      "test/expression",
      "test/join",
      "test/conversion",
      "test/call",
      "test/resolvers/methods.test.ts",
    ],
    env: {},
  },
  { tests: ["plugin/src/plan", "plugin/src/emit", "test/diagnostics/diagnostics.test.ts"], env: {} },
  {
    tests: ["test/differential/random.test.ts"],
    env: { PORTICO_SEED: "380631951", PORTICO_SCHEMAS: "120", PORTICO_SHRINK_MS: "1" },
  },
];

/** How long tests took without a mutant. */
const sound = new Map();
const { sample, seed, text } = parse(process.argv.slice(2));
const chosen = choose(mutants, sample, seed, text);
if (sample !== undefined) console.log(`mutants: a sample of ${chosen.length}, seed ${seed}`);
const folder = mkdtempSync(join(tmpdir(), "portico-mutants-"));
try {
  process.exitCode = run() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run() {
  copySources();
  const stale = mutants.filter(
    ({ file, find }) => readFileSync(join(root, file), "utf8").split(find).length !== 2,
  );
  for (const { rule, file } of stale) console.log(`does not apply exactly once to ${file}: ${rule}`);
  if (stale.length > 0) return false;
  const survivors = [];
  for (const mutant of chosen) {
    const started = Date.now();
    const by = killedBy(mutant);
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(
      `${by === undefined ? "SURVIVED" : "killed  "} ${mutant.rule} (${by ?? "by nothing"}, ${seconds} s)`,
    );
    if (by === undefined) survivors.push(mutant);
  }
  console.log(`mutants: ${chosen.length - survivors.length} of ${chosen.length} killed`);
  return survivors.length === 0;
}

function copySources() {
  for (const name of ["plugin", "runtime", "test", "proto", "gen", "example", "docs"]) {
    const isCopied = (path) => !/\/(node_modules|dist|out)(\/|$)/.test(path.slice(root.length));
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: isCopied });
  }
  for (const name of [
    "package.json",
    "vitest.config.ts",
    "tsconfig.base.json",
    "buf.yaml",
    "buf.gen.yaml",
    "README.md",
    "biome.json",
    ".gitignore",
  ])
    cpSync(join(root, name), join(folder, name));
  for (const name of ["node_modules", "plugin/node_modules", "runtime/node_modules", "example/node_modules"])
    if (existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name));
}

/** Tests that fail without a mutant would notice anything. */
function checkSound(stage) {
  if (sound.has(stage)) return;
  const started = Date.now();
  if (!passes(stage, SOUND_MS)) throw new Error(`without a mutant these fail: ${stage.tests.join(" ")}`);
  sound.set(stage, Date.now() - started);
}

/** The tests that notice a mutant; undefined where none do. */
function killedBy({ file, find, replace }) {
  const path = join(folder, file);
  const before = readFileSync(path, "utf8");
  const broken = before.replace(find, () => replace);
  for (const stage of STAGES) {
    checkSound(stage);
    writeFileSync(path, broken);
    // What takes many times as long hangs.
    const isNoticed = !passes(stage, 60_000 + 4 * sound.get(stage));
    writeFileSync(path, before);
    if (isNoticed) return stage.tests.join(" ");
  }
  return undefined;
}

/** Whether tests pass; those that hang do not. */
function passes({ tests, env }, timeout) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--bail", "1", ...tests], {
    cwd: folder,
    env: { ...process.env, PORTICO_SEED: "1", VITEST_JSON: "", ...env },
    stdio: "ignore",
    timeout,
  });
  return status === 0;
}

function parse(args) {
  const result = { sample: undefined, seed: Date.now() % 2 ** 31, text: undefined };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--sample") result.sample = Number(args[++i]);
    else if (args[i] === "--seed") result.seed = Number(args[++i]);
    else result.text = args[i];
  }
  return result;
}

function choose(all, sample, seed, text) {
  const list = all.filter(({ rule }) => text === undefined || rule.includes(text));
  if (sample === undefined) return list;
  // A shuffle that the seed repeats.
  let state = seed >>> 0;
  const next = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let i = list.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list.slice(0, sample);
}
