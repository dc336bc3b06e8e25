import type { Checked } from "./checked.js";
import { partsOf } from "./substitute.js";

/** Whether a tree has another value each time it is evaluated; what has one value in a request has not. */
export function makesRandom(tree: Checked): boolean {
  if (tree.once !== undefined) return false;
  return (tree.kind === "call" && tree.signature.name === "uuid") || partsOf(tree).some(makesRandom);
}
