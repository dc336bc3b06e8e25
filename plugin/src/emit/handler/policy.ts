import { treeText } from "../../expression/substitute.js";
import type { Expression, FieldPolicyPlan, Root } from "../../plan/types.js";
import { quote } from "../code.js";
import { emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import { camel } from "../names.js";

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
    const { text } = emitExpression(file, file.local(), { view, call: "caller", clock: "cel.now" }, when);
    file.use("Surroundings", true);
    code.line(`/** ${when.text.replaceAll("*/", "* /")} */`);
    code.block(
      `function ${name}(${/\bcaller\b/.test(text) ? "caller" : "_caller"}: Surroundings): boolean {`,
      () => {
        code.line(`return ${file.use("permits")}(() => ${text});`);
      },
    );
  });
}

/** The constant for who may read and set a field. */
export function fieldPolicy(file: FileScope, plan: FieldPolicyPlan): string {
  const { when } = plan;
  const parts: string[] = [`kind: "${plan.kind}"`];
  const names = plan.kind === "granted" ? [...plan.roles, ...plan.scopes] : [plan.kind];
  if (plan.kind === "granted") {
    parts.push(`roles: [${plan.roles.map(quote).join(", ")}]`);
    parts.push(`scopes: [${plan.scopes.map(quote).join(", ")}]`);
  }
  if (when !== undefined)
    parts.push(
      readsRequest(when) ? `whenAsked: ${askedFunction(file, when)}` : `when: ${policyFunction(file, when)}`,
    );
  const wanted = `may_${names.map((name) => name.replace(/\W+/g, "_")).join("_or_")}`;
  return file.once(`field policy ${parts.join()}`, camel(wanted), file.lookups, (name, code) => {
    file.use("FieldPolicy", true);
    code.line(`const ${name}: FieldPolicy = { ${parts.join(", ")} };`);
  });
}

/** Whether the caller may have a field, as the operand of `&&`; `request` is the variable that holds the public request. */
export function mayHave(file: FileScope, plan: FieldPolicyPlan, request: string): string {
  const readsIt = plan.when !== undefined && readsRequest(plan.when);
  return `call.may(${fieldPolicy(file, plan)}${readsIt ? `, ${request}` : ""})`;
}

/** The function that decides the `when` of a field's policy on the request. */
function askedFunction(file: FileScope, when: Expression): string {
  const message = when.reads.map(({ root }) => root).find((root) => root.kind === "request")?.message;
  const key = `asked ${message?.typeName} ${treeText(when.tree)}`;
  return file.once(key, "mayHave", file.lookups, (name, code) => {
    const view = (_: Root, type: string) => `cel.viewOf(request, ${type})`;
    const { text } = emitExpression(file, file.local(), { view, call: "caller" }, when);
    file.use("Surroundings", true);
    file.use("Reader", true);
    code.line(`/** ${when.text.replaceAll("*/", "* /")} */`);
    code.block(
      `function ${name}(${/\bcaller\b/.test(text) ? "" : "_"}caller: Surroundings, request: Reader): boolean {`,
      () => {
        code.line(`return ${file.use("permits")}(() => ${text});`);
      },
    );
  });
}
