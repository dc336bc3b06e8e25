import type { Checked } from "../expression/checked.js";
import { partsOf } from "../expression/substitute.js";
import type { Expression } from "../plan/types.js";

/** The names of `config` that an expression reads, but for those that it asks for itself, with `has` or `in`. */
export function configNames({ tree, names }: Expression): string[] {
  const read = new Set<string>();
  const asked = new Set<string>();
  const isConfig = (node: Checked | undefined): boolean => {
    if (node?.kind !== "variable") return false;
    const root = names.get(node.name)?.root;
    return root?.kind === "surroundings" && root.name === "config";
  };
  const visit = (node: Checked): void => {
    if (node.kind === "select" && isConfig(node.base)) read.add(node.name);
    if (node.kind === "hasName" && isConfig(node.base)) asked.add(node.name);
    if (node.kind === "call") {
      const [a, b] = node.args;
      const { name } = node.signature;
      if (name === "_[_]" && isConfig(a)) for (const text of textOf(b)) read.add(text);
      if (name === "@in" && isConfig(b)) for (const text of textOf(a)) asked.add(text);
    }
    partsOf(node).forEach(visit);
  };
  visit(tree);
  return [...read].filter((name) => !asked.has(name));
}

/** A key that is written as it is. */
function textOf(node: Checked | undefined): string[] {
  return node?.kind === "literal" && node.literal.type === "string" ? [node.literal.value] : [];
}
