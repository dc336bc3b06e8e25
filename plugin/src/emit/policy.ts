import { treeText } from "../expression/substitute.js";
import type { Expression } from "../plan/types.js";
import { emitExpression } from "./expressions.js";
import type { FileScope } from "./file-scope.js";

/** Whether a condition is decided only once the request is there. */
export function readsRequest({ reads }: Expression): boolean {
  return reads.some(({ root }) => root.kind === "request");
}

/** The function that decides the `when` of a policy on the headers. */
export function policyFunction(file: FileScope, when: Expression): string {
  return file.once(`policy ${treeText(when.tree)}`, "mayCall", file.lookups, (name, code) => {
    const view = () => {
      throw new Error("a policy reads no message here");
    };
    const { text } = emitExpression(file, file.local(), { view, call: "caller" }, when);
    file.use("Surroundings", true);
    code.line(`/** ${when.text.replaceAll("*/", "* /")} */`);
    code.block(`function ${name}(caller: Surroundings): boolean {`, () => {
      code.line(`return ${file.use("permits")}(() => ${text});`);
    });
  });
}
