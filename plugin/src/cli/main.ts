import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { nearest } from "../plan/names.js";
import { BufError } from "./buf.js";
import { check } from "./check.js";
import type { Command, Output } from "./command.js";
import { explain } from "./explain.js";
import { exposure } from "./exposure.js";
import { internalError } from "./internal-error.js";
import { resolvers } from "./resolvers.js";
import { scaffold } from "./scaffold.js";
import { UsageError } from "./usage-error.js";
import { vendor } from "./vendor.js";

const COMMANDS: readonly Command[] = [check, explain, exposure, resolvers, scaffold, vendor];

const USAGE = `usage: portico COMMAND [OPTION…]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join("\n")}
  help       shows this text, or that of a command
  --version  shows the version

Exit codes: 0 all is well; 1 something was found; 2 the command could not do its work.
`;

const CONSOLE: Output = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/** The command line beside the plugin. Gives the exit code. */
export async function main(args: readonly string[], io: Output = CONSOLE): Promise<number> {
  // Who reads may have read enough: `portico explain | head`.
  if (io === CONSOLE) {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit();
    });
  }
  const [name, ...rest] = args;
  if (name === undefined) {
    io.err(USAGE);
    return 2;
  }
  if (name === "--help" || name === "-h") {
    io.out(USAGE);
    return 0;
  }
  if (name === "--version" || name === "-V" || name === "version") {
    io.out(`portico ${version()}\n`);
    return 0;
  }
  if (name === "help") return help(rest, io);
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    const [near] = nearest(
      name,
      COMMANDS.map((one) => one.name),
    );
    io.err(
      `portico: no command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}\n\n${USAGE}`,
    );
    return 2;
  }
  return run(command, rest, io);
}

/** The version of the package that this is a part of. */
function version(): string {
  // As it is built, and as it is tested.
  const files = ["../../../../package.json", "../../package.json"].map(
    (path) => new URL(path, import.meta.url),
  );
  const found = files
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")));
  return (found as Array<{ name: string; version: string }>).find(
    ({ name }) => name === "protoc-gen-portico",
  )!.version;
}

function help(args: readonly string[], io: Output): number {
  const command = COMMANDS.find(({ name }) => name === args[0]);
  if (args.length > 1 || (args.length === 1 && command === undefined)) {
    io.err(USAGE);
    return 2;
  }
  io.out(command === undefined ? USAGE : helpOf(command));
  return 0;
}

function helpOf({ name, usage, summary, help }: Command): string {
  return `usage: portico ${name} ${usage}\n\n${summary[0]!.toUpperCase()}${summary.slice(1)}.\n${help}`;
}

async function run(command: Command, args: readonly string[], io: Output): Promise<number> {
  try {
    const { values, positionals } = parse(command, args);
    if (values.help === true) {
      io.out(helpOf(command));
      return 0;
    }
    return await command.run(positionals, values, io);
  } catch (error) {
    if (error instanceof BufError) io.err(`${error.message}\n`);
    else if (error instanceof UsageError) io.err(`portico ${command.name}: ${error.message}\n`);
    else io.err(`${internalError(error, "portico")}\n`);
    return 2;
  }
}

function parse(command: Command, args: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (parsed.positionals.length > command.maxArguments)
      throw new Error(`"${parsed.positionals[command.maxArguments]}" is one argument too many`);
    return parsed;
  } catch (error) {
    const { name, usage } = command;
    throw new UsageError(
      `${problemOf(error as Error & { code?: string }, command)}\nusage: portico ${name} ${usage}\n\`portico help ${name}\` tells more`,
    );
  }
}

/** What is wrong with the options: of one that is not known, Node's text is about its own library. */
function problemOf({ code, message }: Error & { code?: string }, { options }: Command): string {
  if (code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") return message;
  const option = /'(-[^'=\s]*)/.exec(message)?.[1] ?? "";
  const [near] = nearest(option.replace(/^-+/, ""), [...Object.keys(options), "help"]);
  return `no option "${option}"${near === undefined ? "" : `; did you mean "--${near}"?`}`;
}
