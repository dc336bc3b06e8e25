import { spawn } from "node:child_process";

/** Runs a program to its end and answers with what it printed; throws unless it exits with 0 in time. */
export function runProgram(command: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const kill = () => child.kill("SIGKILL");
    const timer = setTimeout(kill, timeoutMs);
    process.on("exit", kill);
    const settle = (failure?: string) => {
      clearTimeout(timer);
      process.off("exit", kill);
      if (failure === undefined) resolve(stdout);
      else reject(new Error(`${command}: ${failure}\n${stdout.slice(-2000)}${stderr.slice(-2000)}`));
    };
    child.on("error", (error) => settle(error.message));
    child.on("close", (code, signal) => {
      if (code === 0) settle();
      else settle(signal === null ? `exit code ${code}` : `${signal} (the limit is ${timeoutMs} ms)`);
    });
  });
}
