import { readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { describeChange, type ExposureChange, exposureChanges } from "../emit/report/exposure-changes.js";
import {
  EXPOSURE_FILE,
  type ExposureList,
  exposureList,
  parseExposure,
  printExposure,
} from "../emit/report/exposure-list.js";
import {
  type Command,
  type Output,
  oneOf,
  WORKSPACE_HELP,
  WORKSPACE_OPTIONS,
  workspaceOptions,
} from "./command.js";
import { soundPlan } from "./sound-plan.js";
import { UsageError } from "./usage-error.js";
import { besideTemplate, openWorkspace } from "./workspace.js";

const NOTHING: ExposureList = { readable: [], writable: [] };

/** `portico exposure`: the list of what is public, written or compared. */
export const exposure: Command = {
  name: "exposure",
  usage: "[--check] [--out FILE] [--format text|json]",
  summary: "lists which internal fields clients can read and write, and who",
  help: `
Writes exposure.json, beside buf.gen.yaml: an entry for each public field with the internal field that it shows or sets,
the internal method, and the policies. Check it in: its diff tells a reviewer what is newly public.

  --check           writes nothing; says what has changed against the file, and which internal fields are newly public
                    or writable, and to whom
  --out FILE        another file; -: standard output
  --format FORMAT   how changes are told: text (default) or json
${WORKSPACE_HELP}
Exit codes: 0 done, or no difference; 1 there is a difference, or a finding of \`portico check\`; 2 .proto files do not
compile, or the options are wrong.
`,
  options: {
    ...WORKSPACE_OPTIONS,
    check: { type: "boolean" },
    out: { type: "string" },
    format: { type: "string" },
  },
  maxArguments: 0,
  run: async (_, values, io) => {
    const format = oneOf(values, "format", ["text", "json"]);
    const options = workspaceOptions(values);
    const workspace = openWorkspace(options);
    const plan = await soundPlan(workspace, io);
    if (plan === undefined) return 1;
    const list = exposureList(plan);
    if (values.out === "-") {
      if (values.check === true) throw new UsageError("--check --out -: there is nothing to compare with");
      io.out(printExposure(list));
      return 0;
    }
    const path =
      values.out === undefined
        ? besideTemplate(workspace, EXPOSURE_FILE)
        : resolve(options.cwd, values.out as string);
    const name = relative(options.cwd, path);
    const before = read(path, name);
    const changes = exposureChanges(before ?? NOTHING, list);
    const tell = () =>
      io.out(
        format === "json" ? `${JSON.stringify(changes, null, 2)}\n` : changes.map(describeChange).join(""),
      );
    if (values.check === true) {
      tell();
      return compare(name, before, changes, io);
    }
    write(path, printExposure(list));
    // The first list is all news.
    if (format === "json" || before !== undefined) tell();
    io.err(`wrote ${name}: ${list.readable.length} readable, ${list.writable.length} writable\n`);
    return 0;
  },
};

function compare(
  name: string,
  before: ExposureList | undefined,
  changes: readonly ExposureChange[],
  io: Output,
): number {
  if (before !== undefined && changes.length === 0) return 0;
  io.err(
    before === undefined
      ? `${name} is not there: \`portico exposure\` writes it\n`
      : `${name} is not current: \`portico exposure\` writes it, for its diff to be reviewed\n`,
  );
  return 1;
}

/** The list as it was; undefined where there is no file yet. */
function read(path: string, name: string): ExposureList | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const list = parseExposure(text);
  if (list === undefined)
    throw new UsageError(
      `${name} is no list of exposure; remove it, and \`portico exposure\` writes it anew`,
    );
  return list;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
