import type { ParseArgsConfig } from "node:util";
import { UsageError } from "./usage-error.js";
import type { WorkspaceOptions } from "./workspace.js";

/** Where a command writes to. */
export interface Output {
  /** What was asked for. */
  out(text: string): void;
  /** What is said beside it. */
  err(text: string): void;
}

type Values = Readonly<Record<string, string | boolean | ReadonlyArray<string | boolean> | undefined>>;

/** A command of `portico`. */
export interface Command {
  readonly name: string;
  /** Its arguments, as they are shown. */
  readonly usage: string;
  /** In one line. */
  readonly summary: string;
  /** The rest of its help. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  readonly maxArguments: number;
  /** Gives the exit code. */
  run(args: readonly string[], values: Values, io: Output): number | Promise<number>;
}

/** The options of all commands that read a workspace. */
export const WORKSPACE_OPTIONS = {
  input: { type: "string" },
  image: { type: "string" },
  template: { type: "string" },
  opt: { type: "string", multiple: true },
} as const;

export const WORKSPACE_HELP = `
Where the .proto files come from:
  --input INPUT     what \`buf build\` is to build; default: the input in buf.gen.yaml, else the current folder
  --image FILE      an image made by \`buf build -o FILE\`, in place of running buf; -: standard input
  --template FILE   another buf.gen.yaml
  --opt OPTION      an option of the plugin, such as shared=acme.common, in place of those in buf.gen.yaml;
                    may be repeated
`;

export function workspaceOptions(values: Values): WorkspaceOptions {
  const text = (name: string) => values[name] as string | undefined;
  return {
    cwd: process.cwd(),
    template: text("template"),
    input: text("input"),
    image: text("image"),
    opt: values.opt as readonly string[] | undefined,
  };
}

/** The value of an option that is one of some words; the first is the default. */
export function oneOf<const T extends string>(values: Values, name: string, words: readonly T[]): T {
  const value = values[name];
  if (value === undefined) return words[0]!;
  const found = words.find((word) => word === value);
  if (found === undefined)
    throw new UsageError(`--${name} ${String(value)}: it is one of ${words.join(", ")}`);
  return found;
}
