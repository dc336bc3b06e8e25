import type { Plan } from "../plan/types.js";
import type { Output } from "./command.js";
import { formatFindings } from "./findings.js";
import { planWorkspace, type Workspace } from "./workspace.js";

/** The plan of a workspace; where something is wrong with it, says what, and gives nothing. */
export async function soundPlan(workspace: Workspace, io: Output): Promise<Plan | undefined> {
  const { plan, findings, texts } = await planWorkspace(workspace);
  if (findings.length === 0) return plan;
  io.err(formatFindings(findings, "text", { texts, base: workspace.cwd }));
  return undefined;
}
