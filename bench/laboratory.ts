import { type GatewaySpec, gatewaySpecs } from "./gateways.js";
import type { GatewayConfig, Identity } from "./lib/control.js";
import { outDir, script } from "./lib/paths.js";
import { type ControlledProcess, type ProcessSpec, startProcess } from "./lib/process.js";
import type { Tokens } from "./lib/token.js";
import type { LoadGenerator } from "./load/load.js";
import type { Options } from "./options.js";

/** A gateway that has been started, and the process it runs in. */
export interface Gateway {
  readonly name: string;
  readonly port: number;
  readonly share: number;
  /** As many times the connections of others it gets at once. */
  readonly loads: number;
  /** It asks nobody for a token. */
  readonly open: boolean;
  /** What it serves TLS with, if it does. */
  readonly identity: Identity | undefined;
  readonly process: ControlledProcess;
}

/** What stays the same over all runs. */
export interface Laboratory {
  readonly options: Options;
  readonly load: LoadGenerator;
  readonly tokens: Tokens;
  /** For what is measured with TLS; undefined where there is no openssl. */
  readonly identity: Identity | undefined;
  /** A directory for files that the load generator reads. */
  readonly tempDir: string;
}

/** Gateways that run, and the upstreams they call. */
export interface Bench {
  readonly upstreams: ControlledProcess;
  readonly gateways: readonly Gateway[];
}

/**
 * Starts the gateways with these names and runs `use` with them; whatever comes of it, they are stopped afterwards. Those
 * that cannot run here are left out, which is told.
 */
export async function withGateways<T>(
  laboratory: Laboratory,
  names: readonly string[],
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { options, identity, tokens } = laboratory;
  const specs = gatewaySpecs(names, options.cpuProfile ? outDir : undefined, skip).filter((spec) => {
    if (spec.tls !== true || identity !== undefined) return true;
    skip(spec.name, "openssl is not installed");
    return false;
  });
  const processes: ControlledProcess[] = [];
  const start = (spec: ProcessSpec) => {
    const started = startProcess(spec);
    processes.push(started);
    return started;
  };
  try {
    const secure = specs.some((spec) => spec.tls === true);
    const upstreams = start({
      name: "upstreams",
      command: process.execPath,
      args: [script("upstreams/main.js")],
    });
    const targets = await upstreams.request<Record<string, string>>("start", secure ? identity : undefined);
    const config: GatewayConfig = {
      upstreams: targets,
      jwt: tokens.config,
      ...(secure && { tls: identity! }),
    };
    const gateways: Gateway[] = [];
    for (const spec of specs) {
      const started = start(spec);
      const { port } = await started.request<{ port: number }>("start", config);
      gateways.push(gatewayOf(spec, port, secure ? identity : undefined, started));
    }
    return await use({ upstreams, gateways });
  } finally {
    await Promise.all(processes.map((started) => started.stop()));
  }
}

function gatewayOf(
  { name, share, processes = 1, sharesLoad, open }: GatewaySpec,
  port: number,
  identity: Identity | undefined,
  started: ControlledProcess,
): Gateway {
  return {
    name,
    port,
    share,
    loads: sharesLoad === true ? 1 : processes,
    open: open === true,
    identity,
    process: started,
  };
}

function skip(name: string, reason: string): void {
  console.log(`skipped: ${name}: ${reason}`);
}
