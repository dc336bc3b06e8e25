import { checkAnswer, checkRefusals, checkRole } from "./check.js";
import { gatewaySpecs } from "./gateways.js";
import type { GatewayConfig } from "./lib/control.js";
import { outDir, script } from "./lib/paths.js";
import { startProcess } from "./lib/process.js";
import { makeTempDir } from "./lib/temp-dir.js";
import { makeTokens, type Tokens } from "./lib/token.js";
import { h2load, h2loadInstalled } from "./load/h2load.js";
import { type LoadGenerator, shapes } from "./load/load.js";
import { nodeLoad } from "./load/node.js";
import { type Gateway, type Laboratory, measure } from "./measure.js";
import { type Options, parseOptions, pick, usage } from "./options.js";
import { formatReport, makeReport, type Row, writeJson } from "./report.js";
import { scenarios as allScenarios, type Scenario } from "./scenarios.js";
import type { UpstreamCounts } from "./upstreams/server.js";

/** Measures all that the options ask for, prints and writes the report; answers with the exit code. */
async function bench(options: Options): Promise<number> {
  const scenarios = pick(allScenarios, options.scenarios);
  const specs = pick(
    gatewaySpecs(options.cpuProfile ? ["--cpu-prof", `--cpu-prof-dir=${outDir}`] : []),
    options.only,
  );
  const load = loadGenerator(options);
  const tokens = await makeTokens();
  const tempDir = makeTempDir();
  const upstreams = startProcess({
    name: "upstreams",
    command: process.execPath,
    args: [script("upstreams/main.js")],
  });
  const processes = [upstreams];
  try {
    const targets = await upstreams.request<Record<string, string>>("start");
    const config: GatewayConfig = { upstreams: targets, jwt: tokens.config };
    const gateways: Gateway[] = [];
    for (const spec of specs) {
      const started = startProcess(spec);
      processes.push(started);
      const { port } = await started.request<{ port: number }>("start", config);
      gateways.push({ name: spec.name, port, process: started });
    }

    const laboratory = { upstreams, load, token: tokens.admin, tempDir };
    await checkAll(laboratory, gateways, scenarios, tokens);
    const rows = await measureAll(laboratory, gateways, scenarios, options);
    const report = makeReport({ loadGenerator: load.name, rounds: options.rounds }, rows);
    console.log(`\n${formatReport(report)}\n\nwritten to ${writeJson("bench.json", report)}`);
    if (report.barsMet) return 0;
    console.log("a bar is missed");
    return options.gateBars ? 1 : 0;
  } finally {
    await Promise.all(processes.map((started) => started.stop()));
  }
}

function loadGenerator({ load }: Options): LoadGenerator {
  if (load !== undefined) return pick([h2load, nodeLoad], [load])[0]!;
  return h2loadInstalled() ? h2load : nodeLoad;
}

/** Before anything is measured: every gateway answers rightly, and refuses what it must without any upstream call. */
async function checkAll(
  { upstreams, token }: Laboratory,
  gateways: readonly Gateway[],
  scenarios: readonly Scenario[],
  tokens: Tokens,
): Promise<void> {
  for (const gateway of gateways) {
    for (const scenario of scenarios) {
      await checkAnswer(gateway, scenario, token);
      await upstreams.request("reset");
      await checkRefusals(gateway, scenario, tokens);
      if (scenario.name === "create") await checkRole(gateway, scenario, tokens.viewer);
      const { calls } = await upstreams.request<UpstreamCounts>("counts");
      if (Object.keys(calls).length > 0) {
        throw new Error(`${gateway.name}, ${scenario.name}: a refused request reached ${Object.keys(calls)}`);
      }
    }
  }
  console.log(`${gateways.map((gateway) => gateway.name).join(" and ")}: same answers, same refusals`);
}

async function measureAll(
  laboratory: Laboratory,
  gateways: readonly Gateway[],
  scenarios: readonly Scenario[],
  options: Options,
): Promise<Row[]> {
  const requestsOf = (scenario: Scenario) => Math.ceil(scenario.requests / options.divisor);
  // Never shortened: with less, the first rounds would still pay for compilation.
  for (const scenario of scenarios) {
    for (const gateway of gateways) {
      await measure(laboratory, gateway, scenario, shapes[0]!, scenario.requests);
    }
  }
  console.log("warmed up");
  const rows: Row[] = [];
  for (const shape of shapes) {
    for (const scenario of scenarios) {
      const requests = requestsOf(scenario);
      const runs = gateways.map(({ name }) => ({
        name,
        rounds: [] as Row["gateways"][number]["rounds"][number][],
      }));
      for (let round = 0; round < options.rounds; round++) {
        // Every second round the other way round, so that what changes with time favours none.
        const order = round % 2 === 0 ? gateways : gateways.toReversed();
        for (const gateway of order) {
          const run = await measure(laboratory, gateway, scenario, shape, requests);
          runs[gateways.indexOf(gateway)]!.rounds.push(run);
          const perSecond = Math.round(requests / run.seconds);
          console.log(
            `${shape.name}, ${scenario.name}, round ${round + 1}, ${gateway.name}: ` +
              `${run.cpuUs.toFixed(1)} us, ${perSecond} requests/s`,
          );
        }
      }
      rows.push({ load: shape.name, scenario: scenario.name, requests, gateways: runs });
    }
  }
  return rows;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exitCode = await bench(options);
} catch (thrown) {
  console.error(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  process.exitCode = 1;
}
