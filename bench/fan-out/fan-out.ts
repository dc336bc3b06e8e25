import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { median } from "../lib/median.js";
import { script } from "../lib/paths.js";
import { startProcess } from "../lib/process.js";
import type { Finding } from "../report.js";
import { generateFanOut, publicPath, UPSTREAMS, upstreamPath, upstreamService } from "./generate.js";

const WARM_UP = 200;
const CALLS = 200;
const TIMEOUT_MS = 10_000;

/**
 * How much longer a public request takes that asks ten upstreams than the slowest of these does when it is asked by the same
 * client: one call after another, in turns. Reported only: it is wall clock.
 */
export async function fanOut(): Promise<{ findings: Finding[] }> {
  generateFanOut();
  const upstreams = startProcess({
    name: "upstreams",
    command: process.execPath,
    args: [script("fan-out/upstreams.js")],
  });
  const gateway = startProcess({
    name: "portico",
    command: process.execPath,
    args: [script("fan-out/gateway.js")],
  });
  try {
    const targets = await upstreams.request<Record<string, string>>("start");
    const { port } = await gateway.request<{ port: number }>("start", targets);
    const slowest = UPSTREAMS - 1;
    const public_ = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const direct = new Client(targets[upstreamService(slowest)]!, credentials.createInsecure());
    const whole: number[] = [];
    const alone: number[] = [];
    for (let i = -WARM_UP; i < CALLS; i++) {
      const wholeMs = await timeOf(public_, publicPath, UPSTREAMS);
      const aloneMs = await timeOf(direct, upstreamPath(slowest), 1);
      if (i < 0) continue;
      whole.push(wholeMs);
      alone.push(aloneMs);
    }
    public_.close();
    direct.close();
    const [wholeMs, aloneMs] = [median(whole), median(alone)];
    const text =
      `a request that asks ${UPSTREAMS} upstreams at the same time takes ${wholeMs.toFixed(1)} ms, the slowest of them ` +
      `${aloneMs.toFixed(1)} ms: ${(wholeMs / aloneMs).toFixed(2)} times (medians)`;
    return { findings: [{ part: "fan-out", text }] };
  } finally {
    await Promise.all([upstreams.stop(), gateway.stop()]);
  }
}

/** Makes a call and answers with its time; throws unless the answer holds so many texts. */
async function timeOf(client: Client, path: string, texts: number): Promise<number> {
  const same = (bytes: Buffer) => bytes;
  const startMs = performance.now();
  const reply = await new Promise<Buffer>((resolve, reject) => {
    const options = { deadline: Date.now() + TIMEOUT_MS };
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), new Metadata(), options, (error, bytes) =>
      error === null ? resolve(bytes!) : reject(error),
    );
  });
  const ms = performance.now() - startMs;
  const found = reply.toString("latin1").split("part").length - 1;
  if (found !== texts) throw new Error(`${path}: ${found} of ${texts} texts`);
  return ms;
}
