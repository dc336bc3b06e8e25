import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import { enumValueRule, type FieldRule, fieldRule, messageRule } from "../../source/annotations.js";
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
      `${desc.name} is made by resolvers alone, so its \`${option}\` says nothing`,
      option === "source" || option === "unset"
        ? `remove the \`${option}\``
        : `remove the \`${option}\`, or have the function do it`,
    );
  const said = messageRule(desc);
  if (said !== undefined && said.source !== "" && !isAsked)
    report({ element: desc, path: ["source"] }, "source");
  if ((said?.join.length ?? 0) > 0) report({ element: desc, path: ["join", 0] }, "join");
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
): "resolver" | "key" | "from" | "when" | "any" | "unset" | "skip" | undefined {
  if (rule.resolver !== "") return "resolver";
  if (rule.key !== "") return "key";
  if (rule.from.length > 0 && !isAsked) return "from";
  if (rule.when !== "") return "when";
  if (rule.any.length > 0 && !isAsked) return "any";
  if (rule.unset && !isAsked) return "unset";
  return rule.skip.length > 0 ? "skip" : undefined;
}

/** Reports what values of an enum say that they are made from, where only functions make them: by their public names. */
export function checkAnswerEnum(context: Context, desc: DescEnum): void {
  for (const element of desc.values) {
    if ((enumValueRule(element)?.from.length ?? 0) === 0) continue;
    context.report(
      "resolver-answer",
      { element, path: ["from", 0] },
      `values of ${desc.name} are made by resolvers alone, so its \`from\` says nothing`,
      `remove the \`from\`, and have the function give "${element.name}"`,
    );
  }
}
