import { readFileSync } from "node:fs";
import { posix, relative, sep } from "node:path";
import type { Finding } from "../source/finding.js";
import type { Workspace } from "./workspace.js";

/**
 * Without `strategy: all` buf runs a plugin for each folder by itself, and the plugin sees no other: what is right here,
 * where all is seen, would not be generated. Of one folder it makes no difference. `base`: as for other findings.
 */
export function strategyFindings(
  { template, templatePath }: Workspace,
  targets: readonly string[],
  base: string,
): Finding[] {
  if (template.isSplit !== true) return [];
  const folders = new Set(targets.map((name) => posix.dirname(name)));
  if (folders.size < 2) return [];
  const lines = readFileSync(templatePath, "utf8").split(/\r?\n/);
  const index = Math.max(
    0,
    lines.findIndex((line) => /^[^#]*\bportico\b/.test(line)),
  );
  const text = lines[index]!;
  const column = text.length - text.trimStart().length + 1;
  return [
    {
      id: "option-plugin",
      file: relative(base, templatePath).split(sep).join("/"),
      line: index + 1,
      column,
      endLine: index + 1,
      endColumn: text.trimEnd().length + 1,
      message: `without \`strategy: all\` buf runs the plugin once for each of ${folders.size} folders, so that it never sees public and internal files together`,
      fix: "add `strategy: all` to the plugin",
    },
  ];
}
