import type { JsonWebKey } from "node:crypto";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * How the bench talks to a process that it starts, in any language: one JSON command per line on stdin,
 * `{"command": "start", "argument": …}`, and one JSON reply per line on descriptor 3, `{"result": …}` or
 * `{"error": "text"}`. stdout and stderr stay free for logs. The end of stdin ends the process, so that none
 * outlives the bench, however the bench ends.
 */
export const CONTROL_FD = 3;

/** User and system time that a process has used since its start, in microseconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** What a gateway is started with. */
export interface GatewayConfig {
  /** "host:port" of each internal service, by its full name. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** What tokens must say, and the public key (JWK, P-256) that they are signed with. */
  readonly jwt: { readonly issuer: string; readonly audience: string; readonly key: JsonWebKey };
  /** PEM, for both ends: the gateway serves with it, and trusts it in its upstreams. Default: cleartext. */
  readonly tls?: Identity;
}

/** A key and a certificate that signs itself, as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** What a process holds, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** A command of a process under control: its argument and its result are JSON. */
type Command = (argument: never) => unknown;

/** Serves the commands, and `cpu` and `memory` beside them, until stdin ends. */
export function serveControl(commands: Readonly<Record<string, Command>>): void {
  const all: Record<string, Command> = {
    cpu: (): CpuTime => process.cpuUsage(),
    memory,
    ...commands,
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    reply(await answer(all, line));
  });
  // exit, not a graceful close: it also writes the profile when the bench asked for one.
  lines.on("close", () => process.exit(0));
}

async function answer(commands: Readonly<Record<string, Command>>, line: string): Promise<object> {
  try {
    const { command, argument } = JSON.parse(line) as { command: string; argument: never };
    const run = commands[command];
    if (run === undefined) throw new Error(`no command "${command}"`);
    return { result: (await run(argument)) ?? null };
  } catch (thrown) {
    return { error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
}

function memory(): Memory {
  globalThis.gc?.();
  return process.memoryUsage();
}

function reply(message: object): void {
  writeSync(CONTROL_FD, `${JSON.stringify(message)}\n`);
}
