import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "./usage-error.js";
import { parseYaml, type Yaml, YamlError } from "./yaml.js";

/** What buf.gen.yaml says of the plugin, and of what is built. */
export interface Template {
  /** The plugin's parameter, as buf hands it over. */
  readonly parameter: string;
  /** Whether files that are only imported are generated for as well. */
  readonly includeImports: boolean;
  /** Whether buf runs the plugin for each folder by itself, as it does where nothing else is said. */
  readonly isSplit?: boolean;
  /** The folder that the plugin writes to, as it is said. */
  readonly out?: string;
  /** The arguments of `buf build` that build the same. */
  readonly input: readonly string[];
}

const DEFAULT: Template = { parameter: "", includeImports: false, input: ["."] };

/** Reads a buf.gen.yaml, version v1 or v2; one that is not there says nothing, unless it was asked for. */
export function readTemplate(path: string, isWanted: boolean): Template {
  if (!isWanted && !existsSync(path)) return DEFAULT;
  try {
    return templateOf(parseYaml(readFileSync(path, "utf8")));
  } catch (error) {
    if (error instanceof YamlError || error instanceof UsageError)
      throw new UsageError(
        `${path}: ${error.message}; without it: --input INPUT, and --opt OPTION for what it says to the plugin`,
      );
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}

function templateOf(yaml: Yaml): Template {
  const plugin = list(get(yaml, "plugins")).find(isPortico);
  const opt = get(plugin, "opt");
  const [out] = texts(get(plugin, "out"));
  return {
    ...(out !== undefined && { out }),
    ...(plugin !== undefined && get(plugin, "strategy") !== "all" && { isSplit: true }),
    parameter: texts(opt).join(","),
    includeImports: get(plugin, "include_imports") === true,
    input: inputOf(list(get(yaml, "inputs"))),
  };
}

/** `local: protoc-gen-portico`, or a command that runs it; in v1 `plugin: portico` with a `path`. */
function isPortico(plugin: Yaml): boolean {
  const words = ["local", "plugin", "name", "path"].flatMap((key) => texts(get(plugin, key)));
  return words.some(
    (word) => /(?:^|[\\/])protoc-gen-portico(?:\.(?:js|cmd|exe))?$/.test(word) || word === "portico",
  );
}

/** Kinds of inputs that `buf build` takes as its argument, just as they are. */
const KINDS = ["directory", "module", "git_repo", "tarball", "zip_archive", "binary_image", "json_image", "text_image", "yaml_image", "proto_file"]; // biome-ignore format: a table
const FLAGS = [
  ["paths", "--path"],
  ["exclude_paths", "--exclude-path"],
  ["types", "--type"],
] as const;

function inputOf(inputs: readonly Yaml[]): readonly string[] {
  if (inputs.length === 0) return DEFAULT.input;
  if (inputs.length > 1) throw new UsageError("several inputs: name the one that is meant");
  const [input] = inputs;
  const kind = KINDS.find((key) => typeof get(input, key) === "string");
  const known = [...KINDS, ...FLAGS.map(([key]) => key)];
  const other = Object.keys(isMap(input) ? input : {}).find((key) => !known.includes(key));
  if (kind === undefined || other !== undefined)
    throw new UsageError(`an input with \`${other ?? "nothing"}\`, which is not understood`);
  return [
    get(input, kind) as string,
    ...FLAGS.flatMap(([key, flag]) => texts(get(input, key)).flatMap((value) => [flag, value])),
  ];
}

function isMap(yaml: Yaml | undefined): yaml is { readonly [key: string]: Yaml } {
  return typeof yaml === "object" && yaml !== null && !Array.isArray(yaml);
}

function get(yaml: Yaml | undefined, key: string): Yaml | undefined {
  return isMap(yaml) && Object.hasOwn(yaml, key) ? yaml[key] : undefined;
}

function list(yaml: Yaml | undefined): readonly Yaml[] {
  return Array.isArray(yaml) ? (yaml as readonly Yaml[]) : [];
}

/** A text, or a list of texts. */
function texts(yaml: Yaml | undefined): string[] {
  return (typeof yaml === "string" ? [yaml] : list(yaml)).filter((item) => typeof item === "string");
}
