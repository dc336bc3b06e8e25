import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { resolversOf } from "../plan/fields/resolver-uses.js";
import { parseOptions } from "../source/request.js";
import { type Command, type Output, WORKSPACE_HELP, WORKSPACE_OPTIONS, workspaceOptions } from "./command.js";
import { editResolvers, newResolverFile, type ResolverFile } from "./resolver-file.js";
import { soundPlan } from "./sound-plan.js";
import { UsageError } from "./usage-error.js";
import { besideTemplate, openWorkspace } from "./workspace.js";

const DEFAULT_FILE = "src/resolvers.ts";
const DEFAULT_OUT = "gen";

/** `portico resolvers`: keeps the file of what is written by hand. */
export const resolvers: Command = {
  name: "resolvers",
  usage: "[--check] [--gen FOLDER] [FILE]",
  summary: "adds stubs for resolvers that are still to be written to your file of them",
  help: `
FILE is yours, by default src/resolvers.ts beside buf.gen.yaml: it has an object of the type Resolvers, with a function
for each name that a \`resolver\` says. Stubs are added at its end; nothing else in it is touched. Functions that no
annotation names any more are told, and stay. A file that is not there is written.

  --check        writes nothing; says what is missing, and what is not needed any more
  --gen FOLDER   for a file that is not there: where the generated code is; default: what buf.gen.yaml says, else gen
${WORKSPACE_HELP}
Exit codes: 0 done, or nothing to do; 1 with --check, there is something to do, or a finding of \`portico check\`;
2 FILE is not understood, .proto files do not compile, or the options are wrong.
`,
  options: { ...WORKSPACE_OPTIONS, check: { type: "boolean" }, gen: { type: "string" } },
  maxArguments: 1,
  run: async ([file], values, io) => {
    const options = workspaceOptions(values);
    const workspace = openWorkspace(options);
    const plan = await soundPlan(workspace, io);
    if (plan === undefined) return 1;
    const uses = resolversOf(plan);
    const path = file === undefined ? besideTemplate(workspace, DEFAULT_FILE) : resolve(options.cwd, file);
    const name = relative(options.cwd, path);
    const before = read(path, name);
    if (before === undefined && uses.length === 0) return 0;
    const gen =
      values.gen === undefined
        ? besideTemplate(workspace, workspace.template.out ?? DEFAULT_OUT)
        : resolve(options.cwd, values.gen as string);
    const start =
      before ??
      newResolverFile(moduleOf(path, gen, parseOptions(workspace.template.parameter).importExtension));
    const edited = await editResolvers(path, start, uses);
    const isCheck = values.check === true;
    tell(name, edited, isCheck, io);
    if (isCheck) return edited.added.length + edited.stale.length === 0 ? 0 : 1;
    if (edited.text !== before) write(path, edited.text);
    return 0;
  },
};

function tell(name: string, { added, stale }: ResolverFile, isCheck: boolean, io: Output): void {
  for (const resolver of added)
    io.err(
      isCheck
        ? `${name}: the resolver "${resolver}" is missing: \`portico resolvers\` adds a stub\n`
        : `${name}: added a stub for "${resolver}"\n`,
    );
  for (const resolver of stale)
    io.err(`${name}:${resolver.line}: no annotation names the resolver "${resolver.name}": remove it\n`);
}

/** How the file imports the generated types. */
function moduleOf(path: string, gen: string, extension: string): string {
  const way = relative(dirname(path), resolve(gen, "gateway_resolvers")).replaceAll("\\", "/");
  return `${way.startsWith(".") ? way : `./${way}`}${extension}`;
}

function read(path: string, name: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
