import type { DescField } from "@bufbuild/protobuf";
import type { FieldRule } from "../source/annotations.js";
import type { Context } from "./context.js";

/** Reports options of a field that exclude each other, and those that are not supported yet. */
export function checkFieldRule(context: Context, rule: FieldRule, desc: DescField): boolean {
  const later: Array<[keyof FieldRule & string, boolean]> = [
    ["when", rule.when !== ""],
    ["allow", rule.allow !== undefined],
    ["resolver", rule.resolver !== ""],
    ["reads", rule.reads.length > 0],
    ["skip", rule.skip.length > 0],
  ];
  let fine = true;
  for (const [name, used] of later) {
    if (!used) continue;
    fine = false;
    context.report(
      "not-supported-yet",
      { element: desc, path: [name] },
      `the field option \`${name}\` is not supported yet`,
      "remove it",
    );
  }
  const conflicts: Array<[string, boolean]> = [
    ["unset", rule.unset && (rule.from.length > 0 || rule.key !== "")],
    ["key", rule.key !== "" && rule.from.length > 0],
    ["load", rule.load !== "" && rule.key === ""],
  ];
  for (const [name, wrong] of conflicts) {
    if (!wrong) continue;
    fine = false;
    const fix =
      name === "load"
        ? "add the `key` to load by, or remove `load`"
        : "keep one of `from`, `key` and `unset`";
    context.report(
      "field-conflict",
      { element: desc, path: [name] },
      `\`${name}\` does not go with the field's other options`,
      fix,
    );
  }
  if (rule.internal) {
    fine = false;
    context.report(
      "field-conflict",
      { element: desc, path: ["internal"] },
      "a public field is marked internal",
      "remove the field, or the mark",
    );
  }
  return fine;
}
