import type { DescMessage } from "@bufbuild/protobuf";
import { type FieldRule, fieldRule, messageRule } from "../../source/annotations.js";
import type { Context, Place } from "../context.js";

/**
 * Reports what annotations of a message say to no effect: it stands in responses that resolvers make, and in no others.
 * What holds in requests as well is left alone where it `isAsked`.
 */
export function checkAnswer(context: Context, desc: DescMessage, isAsked: boolean): void {
  const report = (place: Place, option: string) =>
    context.report(
      "resolver-answer",
      place,
      `${desc.name} is made by resolvers of methods alone, so its \`${option}\` says nothing`,
      `remove the \`${option}\`, or have the function do it`,
    );
  if ((messageRule(desc)?.join.length ?? 0) > 0) report({ element: desc, path: ["join", 0] }, "join");
  for (const element of desc.fields) {
    const rule = fieldRule(element);
    const option = rule === undefined ? undefined : ignored(rule, isAsked);
    if (option === undefined) continue;
    const isList = Array.isArray(rule![option]);
    report({ element, path: isList ? [option, 0] : [option] }, option);
  }
}

function ignored(
  rule: FieldRule,
  isAsked: boolean,
): "resolver" | "key" | "from" | "when" | "any" | "skip" | undefined {
  if (rule.resolver !== "") return "resolver";
  if (rule.key !== "") return "key";
  if (rule.from.length > 0 && !isAsked) return "from";
  if (rule.when !== "") return "when";
  if (rule.any.length > 0 && !isAsked) return "any";
  return rule.skip.length > 0 ? "skip" : undefined;
}
