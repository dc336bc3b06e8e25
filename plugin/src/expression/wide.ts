import type { Checked } from "./checked.js";

/**
 * Whether TypeScript sees a value as any of its type. Of what is made of literals it knows the very values, and
 * refuses to compare those that differ; of what is taken out of an empty literal it knows that it is nothing.
 */
export function isWide(node: Checked): boolean {
  switch (node.kind) {
    case "literal":
    case "fail":
      return false;
    case "local":
      return node.local.wide;
    case "select":
      return node.base.type.kind !== "map" || isWide(node.base);
    case "dynamicCall":
      return node.args.some(isWide);
    case "call": {
      const isGeneric = node.signature.args.some((type) => ["param", "list", "map"].includes(type.kind));
      return !isGeneric || node.args.every((arg, i) => isWide(arg) || (i > 0 && arg.kind === "literal"));
    }
    case "conditional":
      return isWide(node.args[1]) || isWide(node.args[2]);
    case "list":
      return node.elements.some(isWide);
    case "map":
      return node.entries.some(({ value }) => isWide(value));
    case "macro":
      return ["map", "transformList", "transformMap"].includes(node.macro)
        ? isWide(node.body)
        : isWide(node.range);
    default:
      return true;
  }
}
