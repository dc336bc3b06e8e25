import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkAnswer } from "./check.js";
import type { Bench, Gateway, Laboratory } from "./laboratory.js";
import type { CpuTime } from "./lib/control.js";
import { enveloped } from "./lib/grpc-message.js";
import type { LoadJob, LoadResult, Shape } from "./load/load.js";
import type { Scenario } from "./scenarios.js";
import type { UpstreamCounts } from "./upstreams/server.js";

/** One measured run. */
export interface Run {
  readonly cpuUs: number;
  readonly seconds: number;
  readonly requests: number;
  /** Only where requests were paced. */
  readonly latenciesUs?: readonly number[];
}

/** How a run is loaded. */
export interface Load {
  readonly shape: Shape;
  readonly requests: number;
  /** Requests in a second; default: as many as are answered. */
  readonly perSecond?: number;
}

const ENVELOPE_BYTES = 5;
const MIN_TIMEOUT_MS = 30_000;
const TIMEOUT_MS_PER_REQUEST = 10;

/**
 * Puts one gateway under load and answers with the CPU time that its process took for each request. Throws unless
 * each request got the whole right answer and made exactly the upstream calls it should, each with a deadline.
 */
export async function measure(
  { load, tokens, tempDir }: Laboratory,
  { upstreams }: Bench,
  gateway: Gateway,
  scenario: Scenario,
  { shape, requests, perSecond }: Load,
): Promise<Run> {
  const token = gateway.open ? undefined : tokens.admin;
  const answerBytes = await checkAnswer(gateway, scenario, token);
  const bodyFile = join(tempDir, "request.bin");
  writeFileSync(bodyFile, enveloped(scenario.request));

  await upstreams.request("reset");
  const before = await gateway.process.request<CpuTime>("cpu");
  const job: LoadJob = {
    shape: { ...shape, connections: shape.connections * gateway.loads },
    url: `${gateway.identity === undefined ? "http" : "https"}://127.0.0.1:${gateway.port}${scenario.path}`,
    headers: {
      te: "trailers",
      "content-type": "application/grpc",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      "grpc-timeout": "5S",
    },
    bodyFile,
    requests,
    timeoutMs: MIN_TIMEOUT_MS + requests * TIMEOUT_MS_PER_REQUEST,
    ...(perSecond !== undefined && { perSecond }),
  };
  const { dataBytes, ...result }: LoadResult = await load.run(job).catch(async (thrown: unknown) => {
    // A gateway that has died says better why than a load generator that found it dead.
    await gateway.process.request("cpu");
    throw thrown;
  });
  const after = await gateway.process.request<CpuTime>("cpu");

  const where = `${gateway.name}, ${scenario.name}, ${shape.name}`;
  checkUpstreams(await upstreams.request<UpstreamCounts>("counts"), scenario, requests, where);
  // A load generator takes a gRPC error for a success; but an error has no message.
  const expectedBytes = requests * (answerBytes + ENVELOPE_BYTES);
  if (dataBytes !== expectedBytes) {
    throw new Error(`${where}: ${dataBytes} bytes of answers, expected ${expectedBytes}: some calls failed`);
  }
  const cpuUs = (after.user - before.user + after.system - before.system) / requests;
  return { ...result, cpuUs, requests };
}

function checkUpstreams(counts: UpstreamCounts, scenario: Scenario, requests: number, where: string): void {
  const paths = new Set([...Object.keys(counts.calls), ...Object.keys(scenario.upstreamCalls)]);
  for (const path of paths) {
    const expected = (scenario.upstreamCalls[path] ?? 0) * requests;
    const actual = counts.calls[path] ?? 0;
    if (actual !== expected) {
      throw new Error(`${where}: ${actual} calls of ${path} for ${requests} requests, expected ${expected}`);
    }
  }
  if (counts.withoutDeadline > 0) {
    throw new Error(`${where}: ${counts.withoutDeadline} upstream calls without a deadline`);
  }
}
