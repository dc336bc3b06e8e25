import { fileURLToPath } from "node:url";

// This file runs as bench/dist/bench/lib/paths.js.
const compiled = new URL("../", import.meta.url);

/** The root of the repository, with a trailing slash. */
export const repoDir: string = fileURLToPath(new URL("../../../", compiled));

/** Where results and profiles go; ignored by git. */
export const outDir: string = fileURLToPath(new URL("../../out/", compiled));

/** The compiled form of a source file of bench/: `script("load/client.js")`. */
export function script(path: string): string {
  return fileURLToPath(new URL(path, compiled));
}
