import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./blocks.js";

/** Pages whose commands are all run, in order, by a test of their own. */
export const followed = ["docs/getting-started.md", "docs/plugin.md", "docs/cli.md"];

/** Whether a command of a page is one that `.ci/run` or the page's own test runs. */
export function isRun(page: string, command: string): boolean {
  if (followed.includes(page)) return true;
  const ci = readFileSync(join(root, ".ci/run"), "utf8");
  return ci.split("\n").some((line) => line.startsWith("step ") && line.includes(command));
}

/** The commands of a block, without the comments beside them. */
export function commandsOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
