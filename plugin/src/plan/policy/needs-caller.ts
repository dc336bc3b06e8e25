import type { Checked } from "../../expression/checked.js";
import { partsOf } from "../../expression/substitute.js";
import type { Expression } from "../types.js";

/** Whether an expression has no value for those who come without a token, whatever else it reads. */
export function needsCaller({ tree, names }: Expression): boolean {
  const isClaims = (node: Checked): boolean =>
    (node.kind === "variable" && node.name === "auth.claims") ||
    (node.kind === "call" && node.signature.name === "dyn" && node.args.every(isClaims));
  const needs = (node: Checked): boolean => {
    switch (node.kind) {
      case "variable":
        return (
          ["auth.subject", "auth.roles", "auth.scopes"].includes(node.name) ||
          names.get(node.name)?.root.kind === "auth"
        );
      case "select":
        return isClaims(node.base) || needs(node.base);
      case "hasName":
      case "hasField":
        return needs(node.base);
      case "call":
      case "dynamicCall": {
        const isIndex = node.kind === "dynamicCall" || node.signature.name === "_[_]";
        return (isIndex && isClaims(node.args[0]!)) || node.args.some(needs);
      }
      // What one side has no value for, the other may decide.
      case "logic":
        return node.args.every(needs);
      case "conditional": {
        const [test, ...branches] = node.args;
        return needs(test) || branches.every(needs);
      }
      case "macro":
        return needs(node.range);
      default:
        return partsOf(node).some(needs);
    }
  };
  return needs(tree);
}
