import { connectionBars } from "./bars.js";
import { compare } from "./comparisons.js";
import { gatewayNames } from "./gateways.js";
import type { Laboratory } from "./laboratory.js";
import { shapes } from "./load/load.js";
import type { Finding, Row } from "./report.js";

/** Two workers against one process: what a request costs, and how requests are spread. */
export async function workers(laboratory: Laboratory): Promise<{ rows: Row[]; findings: Finding[] }> {
  const comparison = {
    gateways: [gatewayNames.workers, gatewayNames.subject],
    shapes: shapes.slice(0, 1),
  };
  const findings: Finding[] = [];
  const rows = await compare(laboratory, comparison, async ({ gateways }) => {
    const pool = gateways.find(({ name }) => name === gatewayNames.workers);
    if (pool === undefined) return;
    const served = await pool.process.request<number[]>("requests");
    const total = served.reduce((sum, requests) => sum + requests, 0);
    const parts = served.map((requests) => requests / total);
    const { least, most } = connectionBars.workerShare;
    findings.push({
      part: "workers",
      text: `of all requests, the workers served ${parts.map((part) => `${(part * 100).toFixed(1)} %`).join(" and ")}`,
      met: parts.every((part) => part >= least && part <= most),
    });
  });
  return { rows, findings };
}
