import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./command.js";
import { UsageError } from "./usage-error.js";

/** `portico vendor`: the options that public files import. */
export const vendor: Command = {
  name: "vendor",
  usage: "[FOLDER]",
  summary: "copies portico/v1/options.proto into a folder, to be imported by public .proto files",
  help: `
  FOLDER   a module of buf.yaml; default: proto. Check the copy in; run the command again after an upgrade.
`,
  options: {},
  maxArguments: 1,
  run: ([folder = "proto"], _, io) => {
    const target = join(folder, "portico", "v1", "options.proto");
    try {
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(optionsProto(), target);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    io.out(`wrote ${target}\n`);
    return 0;
  },
};

/** options.proto, in the installed package or in the repository. */
function optionsProto(): string {
  const candidates = [
    "../../../../proto/portico/v1/options.proto",
    "../../../../../proto/portico/v1/options.proto",
  ];
  const found = candidates
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error("options.proto is not where the package has it");
  return found;
}
