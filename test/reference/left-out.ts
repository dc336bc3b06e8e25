import type { FieldPlan, Translator } from "../../plugin/src/plan/types.js";
import type { Message } from "../../plugin/src/source/model.js";
import type { Seen } from "./needed.js";
import { readsOf, translatorsOf, within } from "./plans.js";
import type { Wanted } from "./read-mask.js";

/** Whether a computed field is not made at all, since the mask takes it out wherever its message stands. */
export function isLeftOut({ fields }: Translator, plan: FieldPlan, { wanted, response }: Seen): boolean {
  if (wanted === undefined || (plan.value.root.kind !== "expression" && plan.when === undefined))
    return false;
  const [field] = plan.target;
  if (plan.target.length > 1 || field!.oneof !== undefined || field!.presence === "required") return false;
  const isRead = fields.some((other) =>
    readsOf(other).some(
      ({ root, path }) => root.kind === "this" && (path.length === 0 || path[0]!.name === field!.name),
    ),
  );
  const inside = translatorsOf(plan.conversion).flatMap((inner) => [...within(inner)]);
  if (isRead || inside.some(({ joins }) => joins.length > 0)) return false;
  const kept = keptIn(response.target, wanted);
  return !kept.has("google.protobuf.Any") && !kept.has(`${field!.parent.typeName}.${field!.name}`);
}

/** The full names of the fields that are kept somewhere, and "google.protobuf.Any" where there is one. */
function keptIn(message: Message, wanted: Wanted, kept = new Set<string>()): Set<string> {
  const whole = `${message.typeName}.*`;
  if (wanted === undefined && kept.has(whole)) return kept;
  if (wanted === undefined) kept.add(whole);
  for (const field of message.fields) {
    const paths = wanted?.filter(([name]) => name === field.name).map((path) => path.slice(1));
    if (paths?.length === 0 && field.presence !== "required") continue;
    kept.add(`${message.typeName}.${field.name}`);
    const { type } =
      field.type.kind === "message" && field.cardinality === "map" ? field.type.message.fields[1]! : field;
    if (type.kind !== "message") continue;
    if (type.message.typeName === "google.protobuf.Any") kept.add("google.protobuf.Any");
    const isWhole = paths === undefined || paths.length === 0 || paths.some((path) => path.length === 0);
    keptIn(type.message, isWhole ? undefined : paths, kept);
  }
  return kept;
}
