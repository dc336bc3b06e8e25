import { connectionBars } from "./bars.js";
import { compare } from "./comparisons.js";
import { gatewayNames } from "./gateways.js";
import type { Laboratory } from "./laboratory.js";
import { shapes } from "./load/load.js";
import type { Finding, Row } from "./report.js";

const { workers: loaded, idleWorkers, subject } = gatewayNames;

/**
 * Two workers against one process: what a request costs, and how requests are spread. Each worker has the load that the one
 * process has; and beside it, without a bar, both share that load: a process that has less to do shares fewer writes
 * between its requests, with workers or without.
 */
export async function workers(laboratory: Laboratory): Promise<{ rows: Row[]; findings: Finding[] }> {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const name of [loaded, idleWorkers]) {
    const comparison = { gateways: [name, subject], shapes: shapes.slice(0, 1) };
    const measured = await compare(laboratory, comparison, async ({ gateways }) => {
      const pool = gateways.find((gateway) => gateway.name === name);
      if (pool !== undefined) findings.push(spread(name, await pool.process.request<number[]>("requests")));
    });
    rows.push(...measured);
  }
  return { rows, findings };
}

function spread(name: string, served: readonly number[]): Finding {
  const total = served.reduce((sum, requests) => sum + requests, 0);
  const parts = served.map((requests) => requests / total);
  const { least, most } = connectionBars.workerShare;
  return {
    part: "workers",
    text: `${name}: of all requests, they served ${parts.map((part) => `${(part * 100).toFixed(1)} %`).join(" and ")}`,
    met: parts.every((part) => part >= least && part <= most),
  };
}
