import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { FileRegistry } from "@bufbuild/protobuf";
import { findRoots, type ScaffoldRoots } from "../emit/scaffold/collect.js";
import { publicPackage, snakeCase } from "../emit/scaffold/names.js";
import { scaffold as makeScaffold } from "../emit/scaffold/scaffold.js";
import { nearest } from "../plan/names.js";
import { type Command, WORKSPACE_HELP, WORKSPACE_OPTIONS, workspaceOptions } from "./command.js";
import { UsageError } from "./usage-error.js";
import { planWithoutEmptyModules } from "./without-empty-modules.js";
import { openWorkspace } from "./workspace.js";

/** `portico scaffold`: public protos to start from. */
export const scaffold: Command = {
  name: "scaffold",
  usage: "[--package PACKAGE] [--out FOLDER] [--comments] INTERNAL_TYPE_OR_METHOD…",
  summary: "writes annotated public protos for internal ones, to start from",
  help: `
Names are those of internal messages, enums, services and methods: acme.orders.v1.Order,
acme.orders.v1.OrdersService, acme.orders.v1.OrdersService/GetOrder. All that they use is written as well, without
fields that are marked internal. What needs a decision is left out, and said on standard error.

  --package PACKAGE   the public package; default: acme.api.orders.v1 for acme.orders.v1
  --out FOLDER        writes the file into the folder of its package there, and no file that exists already; default:
                      prints it
  --force             with --out: also over a file that exists
  --comments          keeps the comments of the internal files; read them before clients do
${WORKSPACE_HELP}
Exit codes: 0 written; 2 a name is unknown, or .proto files do not compile.
`,
  options: {
    ...WORKSPACE_OPTIONS,
    package: { type: "string" },
    out: { type: "string" },
    force: { type: "boolean" },
    comments: { type: "boolean" },
  },
  maxArguments: 1000,
  run: async (names, values, io) => {
    if (names.length === 0) throw new UsageError("name an internal message, service or method");
    const options = workspaceOptions(values);
    const packageSaid = values.package as string | undefined;
    if (packageSaid !== undefined && !/^[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*$/.test(packageSaid))
      throw new UsageError(`--package ${packageSaid}: is no package; write it as acme.api.orders.v1`);
    // The public files may be wrong, or not there yet: findings do not matter here.
    const { registry, options: plugin } = await planWithoutEmptyModules(openWorkspace(options));
    const roots = rootsOf(names, registry);
    const first = fileOf(roots);
    const packageName = packageSaid ?? publicPackage(first.package);
    const { text, notes } = makeScaffold(roots, registry, {
      packageName,
      sharedPackages: plugin.sharedPackages,
      comments: values.comments === true,
    });
    for (const note of notes) io.err(`left out: ${note}\n`);
    if (values.out === undefined) {
      io.out(text);
      return 0;
    }
    const base = snakeCase(first.name.replace(/^.*\//, "").replace(/\.proto$/, ""));
    const path = join(values.out as string, ...packageName.split("."), `${base}.proto`);
    write(resolve(options.cwd, path), path, text, values.force === true);
    io.out(`wrote ${path}\n`);
    return 0;
  },
};

function rootsOf(names: readonly string[], registry: FileRegistry): ScaffoldRoots {
  const { roots, unknown } = findRoots(names, registry);
  const [name] = unknown;
  if (name === undefined) return roots;
  const known = [...registry].flatMap((type) =>
    type.kind === "service"
      ? [type.typeName, ...type.methods.map((method) => `${type.typeName}/${method.name}`)]
      : type.kind === "extension"
        ? []
        : [type.typeName],
  );
  const near = nearest(name, known).map((one) => `"${one}"`);
  const hint = near.length === 0 ? "write its full name" : `did you mean ${near.join(" or ")}?`;
  throw new UsageError(`no message, enum, service or method "${name}" in the workspace; ${hint}`);
}

/** The file of what was asked for first: the public one is named after it. */
function fileOf({ methods, messages, enums }: ScaffoldRoots): { name: string; package: string } {
  const first = methods[0]?.parent ?? messages[0] ?? enums[0]!;
  return first.file.proto;
}

function write(path: string, shown: string, text: string, force: boolean): void {
  if (!force && existsSync(path)) throw new UsageError(`${shown} exists; with --force it is written over`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
