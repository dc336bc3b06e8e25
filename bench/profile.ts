import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { outDir } from "./lib/paths.js";
import { table } from "./report.js";

/** What `--cpu-prof` writes, as far as it is read here. @see https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface CpuProfile {
  readonly nodes: ReadonlyArray<{
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }>;
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Where time goes, by what the innermost function is of; the first that fits. */
const areas: ReadonlyArray<readonly [area: string, url: RegExp]> = [
  ["HPACK", /\/runtime\/dist\/http2\/hpack\//],
  ["HTTP/2", /\/runtime\/dist\/(http2|socket)\//],
  ["gRPC", /\/runtime\/dist\/(grpc|protocol)\//],
  ["upstream calls", /\/runtime\/dist\/upstream\//],
  ["front, authentication, deadlines", /\/runtime\/dist\/(server|auth|time)\//],
  ["the call, joins", /\/runtime\/dist\/call\//],
  ["translation", /\/runtime\/dist\/wire\/|\/gen\//],
  ["grpc-js, protobuf-es", /\/node_modules\//],
  ["node:http2", /^node:(internal\/)?http2/],
  ["Node.js: streams, sockets, timers", /^node:/],
];
const COLLECTION = "garbage collection";
const NATIVE = "natives, the kernel";

function areaOf({ functionName, url }: CpuProfile["nodes"][number]["callFrame"]): string | undefined {
  if (functionName === "(idle)") return undefined;
  if (functionName === "(garbage collector)") return COLLECTION;
  return areas.find(([, pattern]) => pattern.test(url))?.[0] ?? NATIVE;
}

/** The part of the busy time of a profile's second half, when all is compiled, that goes to each area. */
function partsOf({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spent = new Map<string, number>();
  let busy = 0;
  for (let i = samples.length >> 1; i < samples.length; i++) {
    const area = areaOf(frames.get(samples[i]!)!);
    if (area === undefined) continue;
    busy += timeDeltas[i]!;
    spent.set(area, (spent.get(area) ?? 0) + timeDeltas[i]!);
  }
  return new Map([...spent].map(([area, time]) => [area, time / busy]));
}

const files = readdirSync(outDir).filter((name) => name.endsWith(".cpuprofile"));
if (files.length === 0) {
  console.error("bench/out has no profiles: npm run bench -- --cpu-prof writes them");
  process.exit(1);
}
const profiles = files.map((file) => {
  const parts = partsOf(JSON.parse(readFileSync(join(outDir, file), "utf8")) as CpuProfile);
  return { name: file.replace(/\.cpuprofile$/, ""), parts };
});
const cell = (part: number | undefined) => (part === undefined ? "-" : `${(part * 100).toFixed(1)} %`);
const names = [...areas.map(([area]) => area), COLLECTION, NATIVE];
const lines = names.map((area) => [area, ...profiles.map(({ parts }) => cell(parts.get(area)))]);
console.log(table([["busy time", ...profiles.map(({ name }) => name)], ...lines]).join("\n"));
