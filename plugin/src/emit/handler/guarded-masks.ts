import { fieldsWithin } from "../../plan/policy/field-policy.js";
import type { FieldPolicyPlan, Guards, MethodPlan } from "../../plan/types.js";
import { isWellKnown } from "../../plan/values/values-read.js";
import { eachTranslator } from "../../plan/walk.js";
import type { Field, Message } from "../../source/model.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, messageShort } from "../names.js";
import { fieldPolicy } from "./policy.js";

/** Paths of a public message that lead to guarded fields, or past them: naming one in the mask of an update sets them. */
export type GuardedPaths = ReadonlyMap<string, readonly FieldPolicyPlan[]>;

/** The masks in a request whose message has guarded fields. */
export function guardedMasks(plan: MethodPlan): ReadonlyMap<Field, GuardedPaths> {
  const masks = new Map<Field, GuardedPaths>();
  if (plan.guards.size === 0) return masks;
  for (const call of plan.calls) {
    eachTranslator(call.request, ({ fields }) => {
      for (const { value, conversion } of fields) {
        const last = value.path.at(-1);
        if (conversion.kind !== "mask" || last === undefined) continue;
        const paths = new Map<string, readonly FieldPolicyPlan[]>();
        collect(conversion.subject.source!, "", plan, paths, [], []);
        const all = new Set([...paths.values()].flat());
        if (all.size > 0) masks.set(last, paths.set("*", [...all]));
      }
    });
  }
  if (plan.resolver !== undefined) noteBesides(masks, plan);
  return masks;
}

/** Nobody knows what a resolver does with a mask: its paths are those of any message beside it. */
function noteBesides(masks: Map<Field, GuardedPaths>, plan: MethodPlan): void {
  for (const mask of fieldsWithin(plan.request)) {
    if (!isMask(mask) || mask === plan.readMask || masks.has(mask)) continue;
    const paths = new Map<string, readonly FieldPolicyPlan[]>();
    for (const { type, cardinality } of mask.parent.fields) {
      if (type.kind !== "message" || cardinality !== "singular" || isWellKnown(type.message.typeName))
        continue;
      const own = new Map<string, readonly FieldPolicyPlan[]>();
      collect(type.message, "", plan, own, [], []);
      for (const [path, policies] of own)
        paths.set(path, [...new Set([...(paths.get(path) ?? []), ...policies])]);
    }
    const all = new Set([...paths.values()].flat());
    if (all.size > 0) masks.set(mask, paths.set("*", [...all]));
  }
}

function isMask({ type, cardinality }: Field): boolean {
  return (
    cardinality === "singular" &&
    type.kind === "message" &&
    type.message.typeName === "google.protobuf.FieldMask"
  );
}

/** The constant that holds them. */
export function guardedPaths(file: FileScope, field: Field, paths: GuardedPaths): string {
  const wanted = camel(`${messageShort(field.parent)}_${field.name}_guards`);
  const entries = [...paths].map(([path, policies]) => {
    const names = new Set(policies.map((policy) => fieldPolicy(file, policy)));
    return `[${quote(path)}, [${[...names].join(", ")}]]`;
  });
  return file.once(`guards ${entries.join()}`, wanted, file.lookups, (name, code) => {
    file.use("GuardedPaths", true);
    code.block(`const ${name}: GuardedPaths = new Map([`, () => {
      for (const entry of entries) code.line(`${entry},`);
    }, "]);"); // biome-ignore format: short
  });
}

/** As deep as paths of masks go: deeper ones are unknown. */
const MAX_TURNS = 2;

/** `around`: who may have the message at all. */
function collect(
  message: Message,
  prefix: string,
  plan: MethodPlan,
  paths: Map<string, readonly FieldPolicyPlan[]>,
  around: readonly FieldPolicyPlan[],
  above: readonly Message[],
): void {
  const here = [...above, message];
  for (const field of message.fields) {
    const path = prefix + field.name;
    const own = plan.guards.get(field);
    const outer = own === undefined ? around : [...around, own];
    const messages = [...(plan.anys.get(field) ?? [])];
    if (field.type.kind === "message") messages.push(field.type.message);
    const inside = messages.flatMap((one) => policiesIn(one, plan.guards));
    const all = new Set([...outer, ...inside]);
    if (all.size > 0) paths.set(path, [...all]);
    if (field.cardinality !== "singular" || field.type.kind !== "message") continue;
    const inner = field.type.message;
    if (here.filter((one) => one === inner).length < MAX_TURNS)
      collect(inner, `${path}.`, plan, paths, outer, here);
  }
}

function policiesIn(message: Message, guards: Guards): FieldPolicyPlan[] {
  return fieldsWithin(message).flatMap((field) => guards.get(field) ?? []);
}
