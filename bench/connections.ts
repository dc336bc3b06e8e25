import { setTimeout as delay } from "node:timers/promises";
import { connectionBars } from "./bars.js";
import { checkAnswer } from "./check.js";
import { gatewayNames } from "./gateways.js";
import { type Gateway, type Laboratory, withGateways } from "./laboratory.js";
import { bigAnswer } from "./lib/big-answer.js";
import type { Memory } from "./lib/control.js";
import { script } from "./lib/paths.js";
import { type ControlledProcess, startProcess } from "./lib/process.js";
import type { ManyConnections, SlowReaders } from "./load/many-connections.js";
import type { Finding } from "./report.js";
import { scenarios } from "./scenarios.js";

const IDLE = 10_000;
const READERS = 1_000;
const OPEN_TIMEOUT_MS = 300_000;
const SETTLE_MS = 3_000;
const POLL_MS = 500;
// What fits into the window of a stream, and is not waited for.
const WINDOW_BYTES = 65_535;
// Long enough for the last readers to be reset: after 10 s, and up to a second for the sweep, when they are all in.
const WATCH_MS = 20_000;

/** What connections cost that say nothing: RSS, in cleartext and with TLS. */
export async function idle(laboratory: Laboratory): Promise<{ findings: Finding[] }> {
  const findings: Finding[] = [];
  for (const name of [gatewayNames.many, gatewayNames.manyTls]) {
    await withGateways(laboratory, [name], async ({ gateways: [gateway] }) => {
      if (gateway === undefined) return;
      findings.push(await idleConnections(laboratory, gateway));
    });
  }
  return { findings };
}

async function idleConnections(laboratory: Laboratory, gateway: Gateway): Promise<Finding> {
  const tls = gateway.identity !== undefined;
  return withClient(async (client) => {
    // What the first connections make is theirs for all.
    await checkAnswer(gateway, scenarios[0]!, laboratory.tokens.admin);
    await client.request<number>("idle", asked(gateway, 100, tls), OPEN_TIMEOUT_MS);
    await delay(SETTLE_MS);
    const before = await gateway.process.request<Memory>("memory");
    const greeted = await client.request<number>("idle", asked(gateway, IDLE, tls), OPEN_TIMEOUT_MS);
    if (greeted !== IDLE) throw new Error(`${gateway.name}: ${greeted} of ${IDLE} connections were made`);
    await delay(SETTLE_MS);
    const after = await gateway.process.request<Memory>("memory");
    await checkAnswer(gateway, scenarios[0]!, laboratory.tokens.admin);
    const grown = after.rss - before.rss;
    const heap = after.heapUsed + after.external - before.heapUsed - before.external;
    return {
      part: "idle",
      text:
        `${IDLE} idle connections, ${tls ? "TLS" : "cleartext"}: RSS +${megabytes(grown)}, ` +
        `of which heap and external +${megabytes(heap)}`,
      ...(!tls && { met: grown <= connectionBars.idleBytes }),
    };
  });
}

/** What becomes of readers that do not read, each of an answer of 1 MB, and of others meanwhile. */
export async function slow(laboratory: Laboratory): Promise<{ findings: Finding[] }> {
  return withGateways(laboratory, [gatewayNames.many], async ({ gateways: [gateway] }) => {
    const findings = await withClient((client) => slowReaders(laboratory, gateway!, client));
    return { findings };
  });
}

async function slowReaders(
  laboratory: Laboratory,
  gateway: Gateway,
  client: ControlledProcess,
): Promise<Finding[]> {
  await checkAnswer(gateway, scenarios[0]!, laboratory.tokens.admin);
  const before = await gateway.process.request<Memory>("memory");
  let peak = 0;
  let readers = await client.request<SlowReaders>("readers");
  const asking = { ...asked(gateway, READERS, false), path: bigAnswer.path };
  await client.request("slowReaders", asking, OPEN_TIMEOUT_MS);
  const endMs = performance.now() + WATCH_MS;
  while (performance.now() < endMs && readers.heldMs.length < Math.max(1, readers.answered)) {
    const { heapUsed, external } = await gateway.process.request<Memory>("memory");
    peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
    // Another client is served meanwhile, rightly.
    await checkAnswer(gateway, scenarios[0]!, laboratory.tokens.admin);
    await delay(POLL_MS);
    readers = await client.request<SlowReaders>("readers");
  }
  const { answered, unavailable, mostHeld, heldMs } = readers;
  const heldBytes = mostHeld * (bigAnswer.bytes - WINDOW_BYTES);
  const { outboundBytes } = connectionBars;
  return [
    {
      part: "slow",
      text:
        `${READERS} readers of ${megabytes(bigAnswer.bytes)} that do not read: ${answered} answered, ${unavailable} ` +
        `UNAVAILABLE; of ${megabytes(outboundBytes)} of answers that may wait, ${megabytes(heldBytes)} did at most; ` +
        `heap and external +${megabytes(peak)}`,
      met: answered > 0 && answered + unavailable === READERS && heldBytes <= outboundBytes,
    },
    {
      part: "slow",
      text: `of the ${answered}, ${heldMs.length} were reset, after ${seconds(Math.min(...heldMs))} to ${seconds(Math.max(...heldMs))}`,
      met: heldMs.length === answered,
    },
  ];
}

function asked(gateway: Gateway, count: number, tls: boolean): ManyConnections {
  return { port: gateway.port, count, tls };
}

async function withClient<T>(use: (client: ControlledProcess) => Promise<T>): Promise<T> {
  const client = startProcess({
    name: "clients",
    command: process.execPath,
    args: [script("load/many-connections.js")],
  });
  try {
    return await use(client);
  } finally {
    await client.stop();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
