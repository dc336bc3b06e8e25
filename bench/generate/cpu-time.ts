import { spawnSync } from "node:child_process";

const TIMEOUT_MS = 120_000;

/** Where and with what environment to run a command. */
export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a command and answers with the CPU time, user and system, that it and all processes below it took, in
 * milliseconds. Throws unless it exits with 0. The shell's `times` counts every process that was waited for, and is
 * in POSIX, unlike /proc and /usr/bin/time; its unit is a hundredth of a second or finer.
 */
export function cpuTimeMs(command: string, args: readonly string[], options: CommandOptions): number {
  // $0 is the name in the shell's messages, "$@" the command; the second line of `times` is that of the children.
  const result = spawnSync("sh", ["-c", '"$@" 1>&2 || exit; times', "bench", command, ...args], {
    ...options,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0)
    throw new Error(`${command} ${args[0]}: exit code ${result.status}\n${result.stderr}`);
  return parseTimes(result.stdout);
}

function parseTimes(output: string): number {
  const times = [...(output.trim().split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`times: not understood: ${output}`);
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}
