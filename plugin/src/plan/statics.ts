import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { fieldRule, messageRule, methodRule, serviceRule } from "../source/annotations.js";
import { messageOf } from "../source/model.js";
import type { Context } from "./context.js";
import { declaredJoin, declaredLoad } from "./declared.js";
import { checkFieldRule } from "./field-rule.js";
import { checkLater } from "./later.js";
import { checkLoads } from "./loads.js";
import { planPolicy } from "./policy.js";

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
      said.call.forEach((call, index) => {
        checkLater(context, call, { element: method, path: ["call", index] });
      });
    }
  }
  for (const message of file.messages) checkMessage(context, message);
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
  for (const field of desc.fields) {
    const said = fieldRule(field);
    if (said !== undefined) checkFieldRule(context, said, field);
  }
  for (const nested of desc.nestedMessages) checkMessage(context, nested);
}
