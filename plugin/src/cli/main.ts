import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const USAGE = `usage: portico vendor [FOLDER]

  vendor   copies portico/v1/options.proto into FOLDER (default: proto), to be imported by public .proto files

check, explain, exposure and scaffold are not supported yet.
`;

/** The command line beside the plugin. Returns the exit code. */
export function main(args: readonly string[]): number {
  const [command, folder = "proto", ...rest] = args;
  if (command === "--help" || command === "-h") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command !== "vendor" || rest.length > 0 || folder.startsWith("-")) {
    process.stderr.write(USAGE);
    return 2;
  }
  const target = join(folder, "portico", "v1", "options.proto");
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(optionsProto(), target);
  process.stdout.write(`wrote ${target}\n`);
  return 0;
}

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
