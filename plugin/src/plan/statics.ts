import type { DescEnum, DescExtension, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { parsePath } from "../expression/path.js";
import { type FieldRule, fieldRule, messageRule, methodRule, serviceRule } from "../source/annotations.js";
import { messageOf } from "../source/model.js";
import type { Context } from "./context.js";
import { checkFieldRule } from "./fields/field-rule.js";
import { checkAnswer, checkAnswerEnum } from "./fields/resolver-answer.js";
import { declaredJoin, declaredLoad } from "./joins/declared.js";
import { checkLoads } from "./joins/loads.js";
import { checkLater } from "./later.js";
import { planPolicy } from "./policy/policy.js";
import { directionsOf } from "./public/directions.js";
import { RESERVED } from "./values/scope.js";

/**
 * Checks all that annotations say by themselves, whether a method reaches them or not: nothing that is written is
 * ignored. What is reported again where it is used is the same finding.
 */
export function checkFile(context: Context, file: DescFile): void {
  for (const service of file.services) {
    const rule = serviceRule(service);
    if (rule !== undefined) {
      checkLater(context, rule, { element: service });
      if (rule.allow !== undefined) planPolicy(context, rule.allow, { element: service, path: ["allow"] });
    }
    for (const method of service.methods) {
      const said = methodRule(method);
      if (said === undefined) continue;
      checkLater(context, said, { element: method });
      if (said.mayCall.length > 0 && said.resolver === "")
        context.report(
          "resolver-calls",
          { element: method, path: ["may_call", 0] },
          "`may_call` does not go without `resolver`",
          "name the function that calls them, or make it a `call`",
        );
      said.call.forEach((call, index) => {
        checkLater(context, call, { element: method, path: ["call", index] });
      });
    }
  }
  checkExtensions(context, file.extensions);
  checkEnums(context, file.enums);
  for (const message of file.messages) checkMessage(context, message);
}

function checkEnums(context: Context, enums: readonly DescEnum[]): void {
  const { madeEnums } = directionsOf(context);
  for (const desc of enums) if (madeEnums.has(desc.typeName)) checkAnswerEnum(context, desc);
}

function checkExtensions(context: Context, extensions: readonly DescExtension[]): void {
  for (const element of extensions) {
    if (fieldRule(element) === undefined) continue;
    context.report(
      "extension-annotated",
      { element },
      `"${element.name}" is an extension: these are dropped like unknown fields, so its annotation says nothing`,
      "remove the annotation, or declare a field of the message",
    );
  }
}

/** A field that something else feeds is not read from requests: where it is only in these, its value is lost. */
function checkAsked(context: Context, rule: FieldRule, field: DescField): void {
  if (rule.when !== "") {
    context.report(
      "field-conflict",
      { element: field, path: ["when"] },
      `${field.parent.name} stands in requests alone, and \`when\` says when a response has "${field.name}"`,
      "remove the `when`",
    );
    return;
  }
  if (rule.resolver !== "") {
    context.report(
      "field-conflict",
      { element: field, path: ["resolver"] },
      `${field.parent.name} stands in requests alone, and \`resolver\` makes a field of a response`,
      "remove the `resolver`",
    );
    return;
  }
  if (rule.unset || rule.outputOnly || rule.to !== "") return;
  const path = parsePath({ value: rule.from[0] ?? "", offset: 0 });
  const root = path?.[0]?.name ?? "";
  const isJoin = messageRule(field.parent)?.join.some((join) => join.name === root) === true;
  const isRoot = path !== undefined && path.length > 1 && root !== "source" && RESERVED.has(root);
  const isComputed = path === undefined && rule.from.length > 0;
  if (rule.key === "" && !isJoin && !isRoot && !isComputed) return;
  const option = rule.key === "" ? "from" : "key";
  context.report(
    "request-unused",
    { element: field, path: option === "key" ? ["key"] : ["from", 0] },
    `${field.parent.name} stands in requests alone, and "${field.name}" is not read from them: its \`${option}\` feeds it`,
    `remove the \`${option}\`, or the field`,
  );
}

function checkMessage(context: Context, desc: DescMessage): void {
  const message = messageOf(desc);
  const rule = messageRule(desc);
  checkLoads(context, message);
  rule?.load.forEach((load, index) => {
    declaredLoad(context, { load, message, index });
  });
  rule?.join.forEach((join, index) => {
    declaredJoin(context, join, message, { element: desc, path: ["join", index] });
  });
  const { request, response, mapped } = directionsOf(context);
  const isAnswer = response.has(message);
  const isAsked = request.has(message);
  if (isAnswer && !mapped.has(message)) checkAnswer(context, desc, isAsked);
  if (isAnswer && !isAsked && rule !== undefined && rule.set.length > 0) {
    context.report(
      "set-unknown",
      { element: desc, path: ["set", 0] },
      `${desc.name} stands in no request, so there is nothing to set`,
      "remove the `set`",
    );
  }
  for (const field of desc.fields) {
    const said = fieldRule(field);
    if (said !== undefined) checkFieldRule(context, said, field);
    if (isAnswer && !said?.unset && field.proto.options?.debugRedact === true) {
      context.report(
        "field-internal",
        { element: field },
        "a public field is marked debug_redact",
        "remove the field, or the mark",
      );
    }
    if (said === undefined) continue;
    if (isAnswer && !isAsked && said.to !== "") {
      context.report(
        "field-conflict",
        { element: field, path: ["to"] },
        `${desc.name} stands in no request, so "${field.name}" goes nowhere`,
        "remove the `to`",
      );
    }
    if (isAsked && !isAnswer) checkAsked(context, said, field);
  }
  checkExtensions(context, desc.nestedExtensions);
  checkEnums(context, desc.nestedEnums);
  for (const nested of desc.nestedMessages) checkMessage(context, nested);
}
