import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkAnswer, type Target } from "./check.js";
import type { CpuTime } from "./lib/control.js";
import { enveloped } from "./lib/grpc-message.js";
import type { ControlledProcess } from "./lib/process.js";
import type { LoadGenerator, Shape } from "./load/load.js";
import type { Scenario } from "./scenarios.js";
import type { UpstreamCounts } from "./upstreams/server.js";

/** A gateway that has been started, and the process it runs in. */
export interface Gateway extends Target {
  readonly process: ControlledProcess;
}

/** What stays the same over all runs. */
export interface Laboratory {
  readonly upstreams: ControlledProcess;
  readonly load: LoadGenerator;
  /** A token that may do everything that is measured. */
  readonly token: string;
  /** A directory for files that the load generator reads. */
  readonly tempDir: string;
}

/** One measured run. */
export interface Run {
  readonly cpuUs: number;
  readonly seconds: number;
}

const ENVELOPE_BYTES = 5;
const MIN_TIMEOUT_MS = 30_000;
const TIMEOUT_MS_PER_REQUEST = 10;

/**
 * Puts one gateway under load and answers with the CPU time that its process took for each request. Throws unless
 * each request got the whole right answer and made exactly the upstream calls it should, each with a deadline.
 */
export async function measure(
  { upstreams, load, token, tempDir }: Laboratory,
  gateway: Gateway,
  scenario: Scenario,
  shape: Shape,
  requests: number,
): Promise<Run> {
  const answerBytes = await checkAnswer(gateway, scenario, token);
  const bodyFile = join(tempDir, "request.bin");
  writeFileSync(bodyFile, enveloped(scenario.request));

  await upstreams.request("reset");
  const before = await gateway.process.request<CpuTime>("cpu");
  const job = {
    shape,
    url: `http://127.0.0.1:${gateway.port}${scenario.path}`,
    headers: {
      te: "trailers",
      "content-type": "application/grpc",
      authorization: `Bearer ${token}`,
      "grpc-timeout": "5S",
    },
    bodyFile,
    requests,
    timeoutMs: MIN_TIMEOUT_MS + requests * TIMEOUT_MS_PER_REQUEST,
  };
  const { dataBytes, seconds } = await load.run(job).catch(async (thrown: unknown) => {
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
  return { cpuUs: (after.user - before.user + after.system - before.system) / requests, seconds };
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
