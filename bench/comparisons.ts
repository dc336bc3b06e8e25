import { checkAnswer, checkRefusals, checkRole } from "./check.js";
import { gatewayNames } from "./gateways.js";
import { type Bench, type Gateway, type Laboratory, withGateways } from "./laboratory.js";
import { type Shape, shapes } from "./load/load.js";
import { measure, type Run } from "./measure.js";
import { pick } from "./options.js";
import type { Row } from "./report.js";
import { scenarios as allScenarios, type Scenario } from "./scenarios.js";
import type { UpstreamCounts } from "./upstreams/server.js";

/** Gateways that are measured side by side: the first against each of the others. */
export interface Comparison {
  readonly gateways: readonly string[];
  readonly shapes: readonly Shape[];
  /** Names; default: all. */
  readonly scenarios?: readonly string[];
}

const { subject, grpcJs, go, node, open, tls, goTls } = gatewayNames;
const busy = shapes.slice(0, 1);

/** What is compared, by the name of the part of the bench. */
export const comparisons = {
  cpu: { gateways: [subject, grpcJs, go, node], shapes },
  auth: { gateways: [subject, open], shapes: busy, scenarios: ["create"] },
  tls: { gateways: [tls, goTls], shapes: busy },
} as const satisfies Record<string, Comparison>;

// So many times a run's requests: the engine compiles what is hot while it runs, and the last of it comes late.
const WARM_UP_RUNS = 3;

/** Checks the gateways of a comparison, and measures them in turns. */
export async function compare(
  laboratory: Laboratory,
  comparison: Comparison,
  /** Told when all is measured, while the gateways still run. */
  afterwards: (bench: Bench) => Promise<void> = async () => {},
): Promise<Row[]> {
  const { options } = laboratory;
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const scenarios = pick(
    allScenarios.filter(({ name }) => comparison.scenarios?.includes(name) ?? true),
    options.scenarios,
  );
  return withGateways(laboratory, comparison.gateways.filter(wanted), async (bench) => {
    await checkAll(laboratory, bench, scenarios);
    await warmUp(laboratory, bench, scenarios);
    const rows: Row[] = [];
    for (const shape of pick(comparison.shapes, options.shapes)) {
      for (const scenario of scenarios) rows.push(await measureRow(laboratory, bench, scenario, shape));
    }
    await afterwards(bench);
    return rows;
  });
}

/** Before anything is measured: every gateway answers rightly, and refuses what it must without any upstream call. */
export async function checkAll(
  { tokens }: Laboratory,
  { upstreams, gateways }: Bench,
  scenarios: readonly Scenario[],
): Promise<void> {
  for (const gateway of gateways) {
    for (const scenario of scenarios) {
      await checkAnswer(gateway, scenario, gateway.open ? undefined : tokens.admin);
      if (gateway.open) continue;
      await upstreams.request("reset");
      await checkRefusals(gateway, scenario, tokens);
      if (scenario.name === "create") await checkRole(gateway, scenario, tokens.viewer);
      const { calls } = await upstreams.request<UpstreamCounts>("counts");
      if (Object.keys(calls).length > 0) {
        throw new Error(`${gateway.name}, ${scenario.name}: a refused request reached ${Object.keys(calls)}`);
      }
    }
  }
  console.log(`${gateways.map((gateway) => gateway.name).join(", ")}: right answers, and refusals`);
}

/** Never shortened: with less, the first rounds would still pay for compilation. */
export async function warmUp(
  laboratory: Laboratory,
  bench: Bench,
  scenarios: readonly Scenario[],
): Promise<void> {
  for (const scenario of scenarios) {
    for (const gateway of bench.gateways) {
      const requests = Math.ceil(scenario.requests * gateway.share * WARM_UP_RUNS);
      await measure(laboratory, bench, gateway, scenario, { shape: shapes[0]!, requests });
    }
  }
  console.log("warmed up");
}

async function measureRow(
  laboratory: Laboratory,
  bench: Bench,
  scenario: Scenario,
  shape: Shape,
): Promise<Row> {
  const { options } = laboratory;
  const { gateways } = bench;
  const runs = new Map<Gateway, Run[]>(gateways.map((gateway) => [gateway, []]));
  for (let round = 0; round < options.rounds; round++) {
    // Every second round the other way round, so that what changes with time favours none.
    for (const gateway of round % 2 === 0 ? gateways : gateways.toReversed()) {
      const requests = Math.ceil((scenario.requests * shape.share * gateway.share) / options.divisor);
      const run = await measure(laboratory, bench, gateway, scenario, { shape, requests });
      runs.get(gateway)!.push(run);
      const perSecond = Math.round(requests / run.seconds);
      console.log(
        `${shape.name}, ${scenario.name}, round ${round + 1}, ${gateway.name}: ` +
          `${run.cpuUs.toFixed(1)} us, ${perSecond} requests/s`,
      );
    }
  }
  const measured = gateways.map((gateway) => ({ name: gateway.name, rounds: runs.get(gateway)! }));
  return { load: shape.name, scenario: scenario.name, gateways: measured };
}
