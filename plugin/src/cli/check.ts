import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
  type Command,
  type Output,
  oneOf,
  WORKSPACE_HELP,
  WORKSPACE_OPTIONS,
  workspaceOptions,
} from "./command.js";
import { FINDING_FORMATS, formatFindings } from "./findings.js";
import { strategyFindings } from "./strategy.js";
import { UsageError } from "./usage-error.js";
import { watchWorkspace } from "./watch.js";
import { openWorkspace, planWorkspace, type Workspace, type WorkspaceOptions } from "./workspace.js";

/** `portico check`: the plugin's findings, and nothing written. */
export const check: Command = {
  name: "check",
  usage: "[--format text|json|github|sarif] [--watch]",
  summary: "says what is wrong with the annotations, and writes nothing",
  help: `
  --format FORMAT   text (default): as compilers print it, for people
                    json: an array of {id, file, line, column, endLine, endColumn, message, fix}
                    github: workflow commands, which GitHub shows in the pull request
                    sarif: SARIF 2.1.0, for code scanners
  --watch           checks again whenever a file changes, until it is interrupted
${WORKSPACE_HELP}
Exit codes: 0 nothing is wrong; 1 there is a finding; 2 .proto files do not compile, or the options are wrong.
`,
  options: {
    ...WORKSPACE_OPTIONS,
    format: { type: "string" },
    watch: { type: "boolean" },
  },
  maxArguments: 0,
  run: async (_, values, io) => {
    const format = oneOf(values, "format", FINDING_FORMATS);
    const options = workspaceOptions(values);
    if (values.watch === true) {
      if (options.image === "-") throw new UsageError("--watch: standard input does not change");
      return watchWorkspace(options, format, io);
    }
    const workspace = openWorkspace(options);
    tellWithoutTemplate(workspace, options, io);
    const { findings: said, texts, targets } = await planWorkspace(workspace);
    // GitHub's paths are relative to the repository, wherever in it the command runs.
    const base = (format === "github" && process.env.GITHUB_WORKSPACE) || options.cwd;
    const findings = [...strategyFindings(workspace, targets, base), ...said];
    io.out(formatFindings(findings, format, { texts, base }));
    return findings.length > 0 ? 1 : 0;
  },
};

/** What buf.gen.yaml says of the plugin matters, such as `shared`: without one, the folder may be the wrong one. */
function tellWithoutTemplate(
  { templatePath }: Workspace,
  { opt, input, image }: WorkspaceOptions,
  io: Output,
): void {
  if (opt !== undefined || input !== undefined || image !== undefined || existsSync(templatePath)) return;
  io.err(
    `no ${basename(templatePath)} here: checked what buf builds of this folder, with no option of the plugin\n`,
  );
}
