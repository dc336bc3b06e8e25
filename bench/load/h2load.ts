import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { LoadGenerator, LoadJob } from "./load.js";
import { runProgram } from "./run-program.js";

/** nghttp2's h2load: in C, so that it leaves the CPU to the gateway. It knows nothing of gRPC's status. */
export const h2load: LoadGenerator = {
  name: "h2load",
  async run(job) {
    const { shape, url, headers, bodyFile, requests, timeoutMs } = job;
    const output = await runProgram(
      "h2load",
      [
        `--requests=${requests}`,
        `--clients=${shape.connections}`,
        `--max-concurrent-streams=${shape.streams}`,
        `--data=${bodyFile}`,
        ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
        ...paced(job),
        url,
      ],
      timeoutMs,
    );
    const succeeded = Number(/, (\d+) succeeded,/.exec(output)?.[1]);
    const ok = Number(/status codes: (\d+) 2xx/.exec(output)?.[1]);
    const dataBytes = Number(/\((\d+)\) data$/m.exec(output)?.[1]);
    const seconds = /^finished in ([\d.]+)(us|ms|s|m|h),/m.exec(output);
    if (succeeded !== requests || ok !== requests || Number.isNaN(dataBytes) || seconds === null) {
      throw new Error(`h2load: ${succeeded} of ${requests} requests succeeded\n${output}`);
    }
    const unit = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 }[seconds[2] as "us" | "ms" | "s" | "m" | "h"];
    const result = { dataBytes, seconds: Number(seconds[1]) * unit };
    return job.perSecond === undefined ? result : { ...result, latenciesUs: latencies(job) };
  },
};

/** Whether h2load can be run here. */
export function h2loadInstalled(): boolean {
  return spawnSync("h2load", ["--version"], { timeout: 10_000 }).status === 0;
}

function paced({ perSecond, shape, bodyFile }: LoadJob): string[] {
  if (perSecond === undefined) return [];
  return [`--rps=${(perSecond / shape.connections).toFixed(1)}`, `--log-file=${bodyFile}.log`];
}

// Lines of: when it started, the status, how long it took in microseconds.
function latencies({ bodyFile }: LoadJob): number[] {
  const lines = readFileSync(`${bodyFile}.log`, "utf8").trimEnd().split("\n");
  return lines.map((line) => Number(line.split("\t")[2]));
}
