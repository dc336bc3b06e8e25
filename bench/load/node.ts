import { script } from "../lib/paths.js";
import type { LoadGenerator, LoadResult } from "./load.js";
import { runProgram } from "./run-program.js";

/** Our own load generator, on node:http2, for where h2load is not installed. It checks gRPC's status too. */
export const nodeLoad: LoadGenerator = {
  name: "node",
  async run(job) {
    const output = await runProgram(
      process.execPath,
      [script("load/client.js"), JSON.stringify(job)],
      job.timeoutMs,
    );
    return JSON.parse(output) as LoadResult;
  },
};
