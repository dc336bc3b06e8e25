import type { DescField } from "@bufbuild/protobuf";
import type { FieldRule } from "../../source/annotations.js";
import type { Context } from "../context.js";
import { checkSkips } from "../joins/skip.js";
import { checkLater } from "../later.js";
import { checkFieldPolicy } from "../policy/field-policy.js";

/** Reports options of a public field that exclude each other, and those that are not run yet. */
export function checkFieldRule(context: Context, rule: FieldRule, desc: DescField): boolean {
  let fine = checkLater(context, rule, { element: desc });
  const conflict = (option: string, message: string, fix: string) => {
    fine = false;
    const path = option === "any" || option === "reads" || option === "may_call" ? [option, 0] : [option];
    context.report("field-conflict", { element: desc, path }, message, fix);
  };
  if (rule.internal) {
    conflict("internal", "a public field is marked internal", "remove the field, or the mark");
  }
  const isFed = rule.from.length > 0 || rule.key !== "";
  const feeds = [
    ["from", rule.from.length > 0],
    ["key", rule.key !== ""],
    ["unset", rule.unset],
    ["when", rule.when !== ""],
    ["to", rule.to !== ""],
    ["any", rule.any.length > 0],
  ] as const;
  const other = rule.resolver === "" ? undefined : feeds.find(([, isSaid]) => isSaid)?.[0];
  if (other !== undefined) {
    const fix =
      other === "when"
        ? "have the function give undefined where it is not to be written"
        : "keep one of them";
    conflict("resolver", `\`resolver\` does not go with \`${other}\`: the function makes the field`, fix);
    return false;
  }
  if (rule.reads.length > 0 && rule.resolver === "") {
    conflict(
      "reads",
      "`reads` does not go without `resolver`",
      "name the function that gets them, or remove `reads`",
    );
  }
  if (rule.mayCall.length > 0 && rule.resolver === "") {
    conflict(
      "may_call",
      "`may_call` does not go without `resolver`",
      "name the function that calls them, or remove `may_call`",
    );
  }
  if (rule.unset && isFed) {
    conflict(
      "unset",
      `a field that is \`unset\` has no \`${rule.key === "" ? "from" : "key"}\``,
      "keep one of them",
    );
  } else if (rule.key !== "" && rule.from.length > 0) {
    conflict("key", "`key` does not go with `from`: the field's message is loaded", "keep one of them");
  }
  if (rule.load !== "" && rule.key === "") {
    conflict("load", "`load` does not go without `key`", "add the `key` to load by, or remove `load`");
  }
  if (rule.when !== "" && rule.unset)
    conflict("when", "a field that is `unset` is never written", "keep one of `when` and `unset`");
  if (rule.to !== "" && (rule.unset || rule.outputOnly || rule.key !== "")) {
    const other = rule.unset ? "unset" : rule.outputOnly ? "output_only" : "key";
    conflict("to", `\`to\` does not go with \`${other}\`: no request sets the field`, "keep one of them");
  }
  if (rule.any.length > 0 && desc.message === undefined) {
    conflict("any", `\`any\` is for messages, and "${desc.name}" is none`, "remove it");
  }
  if (!checkFieldPolicy(context, rule, desc)) fine = false;
  if (rule.skip.length > 0 && !checkSkips(context, rule, desc)) fine = false;
  return fine;
}
