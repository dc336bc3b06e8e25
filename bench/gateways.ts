import { type Built, buildGoGateway } from "./lib/go-build.js";
import { outDir, script } from "./lib/paths.js";
import type { ProcessSpec } from "./lib/process.js";

/** A gateway that can be measured, in the process that `start` is for. */
export interface GatewaySpec extends ProcessSpec {
  /** How many of a run's requests it gets: less for the slow ones, so that all take about as long. */
  readonly share: number;
  /** It asks nobody for a token. */
  readonly open?: true;
  readonly tls?: true;
  /** Processes that serve it, each of which gets the load that others get alone; default 1. */
  readonly processes?: number;
  /** But these share the load of one. */
  readonly sharesLoad?: true;
}

let goBuilt: Built | undefined;

/** The gateways: ours, in several forms, and its peers. */
export const gatewayNames = {
  subject: "portico",
  grpcJs: "grpc-js",
  go: "go",
  node: "portico on node:http2",
  open: "portico without authentication",
  tls: "portico on TLS",
  goTls: "go on TLS",
  workers: "portico with 2 workers",
  idleWorkers: "portico with 2 workers that share the load of one",
  many: "portico for many connections",
  manyTls: "portico for many connections on TLS",
} as const;

// One profile for each gateway, by its name; workers would all write to the same.
function profileFlags(
  directory: string,
  name: string,
  { processes, command }: Omit<GatewaySpec, "name">,
): string[] {
  if (command !== process.execPath) return [];
  const file = `${name.replace(/[^a-z0-9]+/gi, "-")}.cpuprofile`;
  return [
    "--cpu-prof",
    `--cpu-prof-dir=${directory}`,
    ...(processes === undefined ? [`--cpu-prof-name=${file}`] : []),
  ];
}

/**
 * Makes the gateways with these names. A peer is any program that speaks lib/control.ts's protocol, so it may be written
 * in any language. Of one that cannot be built here, `skipped` is told why.
 */
export function gatewaySpecs(
  names: readonly string[],
  profileDirectory: string | undefined,
  skipped: (name: string, reason: string) => void,
): GatewaySpec[] {
  const node = (path: string, variant?: object) => ({
    command: process.execPath,
    // So that what is held can be told from garbage, when it is asked for.
    args: ["--expose-gc", script(path), ...(variant === undefined ? [] : [JSON.stringify(variant)])],
    share: 1,
  });
  const goProgram = () => {
    goBuilt ??= buildGoGateway(`${outDir}go-gateway`);
    if ("skipped" in goBuilt) return undefined;
    return { command: goBuilt.program, args: [], share: 1 };
  };
  const all: Record<string, () => Omit<GatewaySpec, "name"> | undefined> = {
    [gatewayNames.subject]: () => node("gateways/portico.js"),
    [gatewayNames.grpcJs]: () => ({ ...node("peers/grpc-js/main.js"), share: 0.25 }),
    [gatewayNames.go]: goProgram,
    [gatewayNames.node]: () => ({ ...node("gateways/portico.js", { transport: "node" }), share: 0.25 }),
    [gatewayNames.open]: () => ({ ...node("gateways/portico.js", { open: true }), open: true }),
    [gatewayNames.tls]: () => ({ ...node("gateways/portico.js"), tls: true }),
    [gatewayNames.goTls]: () => {
      const program = goProgram();
      return program && { ...program, tls: true };
    },
    [gatewayNames.many]: () => node("gateways/portico.js", { many: true }),
    [gatewayNames.manyTls]: () => ({ ...node("gateways/portico.js", { many: true }), tls: true }),
    // Each worker gets as many requests as a process that is alone: with fewer, less of its code would be compiled.
    [gatewayNames.workers]: () => ({ ...node("gateways/workers.js"), share: 2, processes: 2 }),
    [gatewayNames.idleWorkers]: () => ({
      ...node("gateways/workers.js"),
      share: 2,
      processes: 2,
      sharesLoad: true,
    }),
  };
  return names.flatMap((name) => {
    const made = all[name]!();
    if (made !== undefined) {
      const flags = profileDirectory === undefined ? [] : profileFlags(profileDirectory, name, made);
      return { name, ...made, args: [...flags, ...made.args] };
    }
    skipped(name, (goBuilt as { skipped: string }).skipped);
    return [];
  });
}
