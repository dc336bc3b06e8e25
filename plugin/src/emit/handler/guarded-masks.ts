import { fieldsWithin } from "../../plan/policy/field-policy.js";
import type { FieldPolicyPlan, MethodPlan } from "../../plan/types.js";
import { isWellKnown } from "../../plan/values/values-read.js";
import type { Field, Message } from "../../source/model.js";
import { isMask } from "../../source/shapes.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, messageShort } from "../names.js";
import { fieldsInside, maskPaths } from "../translator/mask.js";
import { masksIn } from "./masks.js";
import { fieldPolicy } from "./policy.js";

/**
 * Paths of a public message that lead to guarded fields, or past them: naming one in the mask of an update sets them. What
 * "" leads to is said of all paths that are not here.
 */
export type GuardedPaths = ReadonlyMap<string, readonly FieldPolicyPlan[]>;

/** The masks in a request whose message has guarded fields. */
export function guardedMasks(plan: MethodPlan): ReadonlyMap<Field, GuardedPaths> {
  if (plan.guards.size === 0) return new Map();
  const found = new Map<Field, Map<string, readonly FieldPolicyPlan[]>>();
  const note = (mask: Field, path: string, policies: readonly FieldPolicyPlan[]): void => {
    const paths = found.get(mask) ?? new Map<string, readonly FieldPolicyPlan[]>();
    found.set(mask, paths.set(path, [...new Set([...(paths.get(path) ?? []), ...policies])]));
  };
  const requests = plan.calls.flatMap(({ request, nextRequest }) => [request, nextRequest ?? request]);
  const sets = (plan.resolver?.sets ?? []).map(({ request }) => request);
  for (const { mask, subject, path: around } of masksIn([...requests, ...sets, plan.translator]))
    for (const [path, { fields, plans }] of maskPaths(subject)) {
      const touched = [...around, ...fields, ...plans.flatMap(fieldsInside)];
      note(
        mask,
        path,
        touched.flatMap((field) => plan.guards.get(field) ?? []),
      );
    }
  const isOpen = plan.resolver !== undefined;
  if (isOpen) noteBesides(plan, note);
  const masks = new Map<Field, GuardedPaths>();
  for (const [mask, paths] of found) {
    const all = [...new Set([...paths.values()].flat())];
    if (all.length === 0) continue;
    paths.set("*", all);
    // Translation refuses all other paths; who knows what a function takes them for.
    if (isOpen) paths.set("", all);
    else for (const [path, policies] of paths) if (policies.length === 0) paths.delete(path);
    masks.set(mask, paths);
  }
  return masks;
}

type Note = (mask: Field, path: string, policies: readonly FieldPolicyPlan[]) => void;

/** Nobody knows what a resolver does with a mask: its paths are those of any message beside it, or of the request. */
function noteBesides(plan: MethodPlan, note: Note): void {
  for (const mask of fieldsWithin(plan.request)) {
    if (!isMask(mask) || mask === plan.readMask) continue;
    const beside = [...mask.parent.fields, ...plan.request.fields];
    for (const field of beside)
      if (
        field.cardinality !== "map" &&
        field.type.kind === "message" &&
        !isWellKnown(field.type.message.typeName)
      )
        notePaths(field.type.message, [field], plan, mask, note);
  }
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

/** How often a message may stand in a path to be known. */
const MAX_TURNS = 2;

/** `above`: the field beside the mask, and those that lead on from there. */
function notePaths(
  message: Message,
  above: readonly Field[],
  plan: MethodPlan,
  mask: Field,
  note: Note,
): void {
  for (const field of message.fields) {
    const fields = [...above, field];
    const names = fields.slice(1).map(({ name }) => name);
    note(mask, names.join("."), policiesOf(fields, plan));
    if (field.cardinality !== "singular" || field.type.kind !== "message") continue;
    const inner = field.type.message;
    if (fields.slice(1).filter(({ parent }) => parent === inner).length < MAX_TURNS)
      notePaths(inner, fields, plan, mask, note);
  }
}

/** Who may have what a path may lead to: the fields on the way, and all that is in the last one. */
function policiesOf(path: readonly Field[], { guards, anys }: MethodPlan): FieldPolicyPlan[] {
  const messages = new Set<Message>();
  const enter = (field: Field): void => {
    if (field.type.kind === "message") messages.add(field.type.message);
    for (const message of anys.get(field) ?? []) messages.add(message);
  };
  enter(path.at(-1)!);
  const all = [...path];
  for (const { fields } of messages) {
    all.push(...fields);
    fields.forEach(enter);
  }
  return all.flatMap((field) => guards.get(field) ?? []);
}
