import type { DescField } from "@bufbuild/protobuf";
import { type FieldRule, fieldRule } from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import type { FieldPolicyPlan, Guards } from "../types.js";
import { scopeAside } from "../values/scope.js";
import { planPolicy } from "./policy.js";

/** Reports an `allow` that guards nothing, or a field of which nobody could tell whether it is guarded or just zero. */
export function checkFieldPolicy(context: Context, rule: FieldRule, desc: DescField): boolean {
  const { allow } = rule;
  if (allow === undefined) return true;
  const at: Place = { element: desc, path: ["allow"] };
  const report = (place: Place, message: string, fix: string): false => {
    context.report("field-policy", place, message, fix);
    return false;
  };
  if (rule.unset)
    return report(at, `"${desc.name}" is \`unset\`: there is nothing to guard`, "remove the `allow`");
  if (
    allow.public &&
    !allow.authenticated &&
    allow.role.length + allow.scope.length === 0 &&
    allow.when === ""
  )
    return report(
      { ...at, path: ["allow", "public"] },
      "whoever may call the method may have the field anyway",
      'remove the `allow`, or say who may: `allow: {role: "support"}`',
    );
  const field = messageOf(desc.parent).byName.get(desc.name)!;
  if (field.cardinality === "singular" && field.presence === "implicit")
    return report(
      at,
      `"${desc.name}" has no presence, so that a client could not tell a value that is denied from an empty one`,
      `declare it \`optional\`: \`optional ${typeName(desc)} ${desc.name} = ${desc.number}\``,
    );
  if (field.presence === "required")
    return report(
      at,
      `"${desc.name}" is required: it cannot be left out for those who may not have it`,
      "declare it `optional`",
    );
  return planPolicy(context, allow, at) !== undefined;
}

function typeName(desc: DescField): string {
  if (desc.enum !== undefined) return desc.enum.name;
  return (desc.proto.type === undefined ? "" : SCALARS[desc.proto.type]) ?? "string";
}

// The numbers of google.protobuf.FieldDescriptorProto.Type.
const SCALARS: Readonly<Record<number, string>> = {
  1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
  12: "bytes", 13: "uint32", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}; // biome-ignore format: a table

/** Resolves the `allow` of a field in a method; "broken" where it is wrong. */
export function planFieldPolicy(
  context: Context,
  desc: DescField | undefined,
  scope: Pick<MethodScope, "request" | "lets" | "incomplete">,
): FieldPolicyPlan | undefined | "broken" {
  const allow = desc === undefined ? undefined : fieldRule(desc)?.allow;
  if (allow === undefined) return undefined;
  const plan = planPolicy(context, allow, { element: desc!, path: ["allow"] }, scopeAside(scope));
  return plan === undefined || plan.kind === "public" ? "broken" : plan;
}

/** The guarded fields in a request, at any depth, and in what its Anys may hold. */
export function planGuards(
  context: Context,
  messages: readonly Message[],
  scope: Pick<MethodScope, "request" | "lets" | "incomplete">,
): Guards {
  const guards = new Map<Field, FieldPolicyPlan>();
  for (const field of new Set(messages.flatMap(fieldsWithin))) {
    const policy = planFieldPolicy(context, field.desc, scope);
    if (policy !== undefined && policy !== "broken") guards.set(field, policy);
  }
  return guards;
}

/** All fields of a message and of those in it, each once. */
export function fieldsWithin(message: Message): Field[] {
  const seen = new Set([message]);
  for (const { fields } of seen)
    for (const { type } of fields) if (type.kind === "message") seen.add(type.message);
  return [...seen].flatMap(({ fields }) => fields);
}
