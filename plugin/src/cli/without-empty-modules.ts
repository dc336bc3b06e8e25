import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BufError } from "./buf.js";
import type { Planned } from "./plan-request.js";
import { planWorkspace, type Workspace } from "./workspace.js";
import { parseYaml, type Yaml } from "./yaml.js";

const EMPTY = /Module "path: "([^"]*)"" had no \.proto files/g;

/**
 * The plan of a workspace in which modules may have no .proto files yet, which buf refuses to build: they are left out of
 * its configuration.
 */
export async function planWithoutEmptyModules(workspace: Workspace): Promise<Planned> {
  const left = new Set<string>();
  for (;;) {
    try {
      return await planWorkspace(left.size === 0 ? workspace : without(workspace, left));
    } catch (error) {
      const known = left.size;
      if (error instanceof BufError && existsSync(configOf(workspace)))
        for (const [, path] of error.message.matchAll(EMPTY)) left.add(path!);
      if (left.size === known) throw error;
    }
  }
}

function configOf({ folder }: Workspace): string {
  return join(folder, "buf.yaml");
}

function without(workspace: Workspace, left: ReadonlySet<string>): Workspace {
  const said = parseYaml(readFileSync(configOf(workspace), "utf8")) as { readonly [key: string]: Yaml };
  const modules = (said.modules as ReadonlyArray<{ readonly path?: string }>).filter(
    ({ path }) => path === undefined || !left.has(path.replace(/^\.\/|\/$/g, "")),
  );
  const config = JSON.stringify({ version: said.version, modules, ...(said.deps && { deps: said.deps }) });
  const { template } = workspace;
  return { ...workspace, template: { ...template, input: [...template.input, "--config", config] } };
}
