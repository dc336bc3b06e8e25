import { checkAll, warmUp } from "./comparisons.js";
import { gatewayNames } from "./gateways.js";
import { type Laboratory, withGateways } from "./laboratory.js";
import { median } from "./lib/median.js";
import { shapes } from "./load/load.js";
import { measure } from "./measure.js";
import { pick } from "./options.js";
import type { Finding } from "./report.js";
import { scenarios as allScenarios } from "./scenarios.js";

const PEAK_RUNS = 3;
const SECONDS = 3;

/** How long requests take at half of the load that Go can bear, here and in Go. Reported only: it is wall clock. */
export async function latency(laboratory: Laboratory): Promise<{ findings: Finding[] }> {
  const { subject, go } = gatewayNames;
  const { options, load } = laboratory;
  const findings: Finding[] = [];
  if (load.name !== "h2load") {
    console.log("skipped: latency: h2load is not installed");
    return { findings };
  }
  await withGateways(laboratory, [subject, go], async (bench) => {
    const goGateway = bench.gateways.find(({ name }) => name === go);
    if (goGateway === undefined) return;
    const scenarios = pick(allScenarios, options.scenarios);
    await checkAll(laboratory, bench, scenarios);
    await warmUp(laboratory, bench, scenarios);
    const shape = shapes[0]!;
    for (const scenario of scenarios) {
      const requests = Math.ceil(scenario.requests / options.divisor);
      const peaks: number[] = [];
      for (let run = 0; run < PEAK_RUNS; run++) {
        const { seconds } = await measure(laboratory, bench, goGateway, scenario, { shape, requests });
        peaks.push(requests / seconds);
      }
      const perSecond = Math.round(median(peaks) / 2);
      const rounds = new Map(bench.gateways.map(({ name }) => [name, [] as Array<readonly number[]>]));
      for (let round = 0; round < options.rounds; round++) {
        for (const gateway of round % 2 === 0 ? bench.gateways : bench.gateways.toReversed()) {
          const paced = { shape, requests: perSecond * SECONDS, perSecond };
          const { latenciesUs } = await measure(laboratory, bench, gateway, scenario, paced);
          rounds.get(gateway.name)!.push(latenciesUs!.toSorted((a, b) => a - b));
        }
      }
      const figures = [...rounds].map(([name, runs]) => {
        const at = (part: number) => median(runs.map((run) => run[Math.floor(run.length * part)]!));
        return `${name}: p50 ${milliseconds(at(0.5))}, p99 ${milliseconds(at(0.99))}`;
      });
      const text = `${scenario.name}, ${perSecond} requests/s (half of Go's peak): ${figures.join("; ")}`;
      console.log(text);
      findings.push({ part: "latency", text });
    }
  });
  return { findings };
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}
