import { type Explained, explain as explainPlan } from "../emit/report/explain.js";
import { explainMermaid } from "../emit/report/explain-mermaid.js";
import { explainSvg } from "../emit/report/explain-svg.js";
import { explainText } from "../emit/report/explain-text.js";
import { suggestion } from "../plan/names.js";
import { type Command, oneOf, WORKSPACE_HELP, WORKSPACE_OPTIONS, workspaceOptions } from "./command.js";
import { soundPlan } from "./sound-plan.js";
import { UsageError } from "./usage-error.js";
import { openWorkspace } from "./workspace.js";

/** `portico explain`: what methods call, in which order, how often, and where every field comes from. */
export const explain: Command = {
  name: "explain",
  usage: "[METHOD] [--format text|json|mermaid|svg]",
  summary: "shows what a method calls, in which order, how often, and where each field comes from",
  help: `
  METHOD            a public method: GetOrder, OrdersService/GetOrder or acme.v1.OrdersService/GetOrder; default: all
  --format FORMAT   text (default)
                    json: an array, one object for each method
                    mermaid: a flowchart, for pages that draw it
                    svg: a drawing
${WORKSPACE_HELP}
Exit codes: 0 done; 1 there is a finding of \`portico check\`; 2 .proto files do not compile, or the options are wrong.
`,
  options: { ...WORKSPACE_OPTIONS, format: { type: "string" } },
  maxArguments: 1,
  run: async ([name], values, io) => {
    const format = oneOf(values, "format", ["text", "json", "mermaid", "svg"]);
    const plan = await soundPlan(openWorkspace(workspaceOptions(values)), io);
    if (plan === undefined) return 1;
    const explained = named(explainPlan(plan), name);
    switch (format) {
      case "text":
        io.out(explainText(explained));
        break;
      case "json":
        io.out(`${JSON.stringify(explained, null, 2)}\n`);
        break;
      case "mermaid":
        io.out(explainMermaid(explained));
        break;
      case "svg":
        io.out(explainSvg(explained));
        break;
    }
    return 0;
  },
};

/** The methods of a name, which may be short. */
function named(explained: readonly Explained[], name: string | undefined): readonly Explained[] {
  if (name === undefined) return explained;
  const found = explained.filter(
    ({ method }) =>
      method === name || (/[./]/.test(method.at(-name.length - 1) ?? "") && method.endsWith(name)),
  );
  if (found.length > 0) return found;
  const short = name.split("/").at(-1)!;
  const all = explained.map(({ method }) => method.split("/")[1]!);
  throw new UsageError(
    `no public method "${name}": ${suggestion(short, all, `there are ${[...new Set(all)].slice(0, 8).join(", ")}`)}`,
  );
}
