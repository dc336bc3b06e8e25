import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "./usage-error.js";

/** What buf said of .proto files that do not compile. */
export class BufError extends Error {
  override readonly name = "BufError";
}

const MAX_IMAGE_BYTES = 1 << 30;

/** Builds an image, with source places and all options. `args` are what `buf build` takes. */
export function buildImage(args: readonly string[], cwd: string, signal?: AbortSignal): Promise<Uint8Array> {
  const [command, ...before] = findBuf(cwd);
  const all = [...before, "build", ...args, "--output", "-#format=binpb"];
  return new Promise((done, failed) => {
    execFile(
      command!,
      all,
      { cwd, encoding: "buffer", maxBuffer: MAX_IMAGE_BYTES, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        if (error === null) done(stdout);
        else if (error.code === "ENOENT") failed(new UsageError(NO_BUF));
        else failed(new BufError(stderr.toString("utf8").trim() || error.message));
      },
    );
  });
}

const NO_BUF =
  "buf is neither in node_modules nor on the PATH: npm install --save-dev @bufbuild/buf, or give an image with --image FILE";

/** The workspace's own buf, as npx finds it; else the one on the PATH. */
function findBuf(cwd: string): readonly string[] {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    // By its script: on Windows, what stands in .bin cannot be run without a shell.
    const script = join(folder, "node_modules", "@bufbuild", "buf", "bin", "buf");
    if (existsSync(script)) return [process.execPath, script];
    const bin = join(folder, "node_modules", ".bin", "buf");
    if (process.platform !== "win32" && existsSync(bin)) return [bin];
    if (dirname(folder) === folder) return ["buf"];
  }
}
