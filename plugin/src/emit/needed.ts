import type { FieldPolicyPlan } from "../plan/field-policy.js";
import { mayDrop } from "../plan/on-error.js";
import type { FieldPlan, JoinPlan, Translator } from "../plan/types.js";
import { readsOfField } from "../plan/walk.js";
import { ownJoins } from "./analysis.js";
import type { FileScope } from "./file-scope.js";
import { mayHave } from "./policy.js";

/** In a handler: whether a join has to run, where that depends on which fields the caller gets; else undefined. */
export function neededCondition(
  file: FileScope,
  owner: Translator,
  join: JoinPlan,
  /** Who may have the fields around it that are made from found rows: these are walked for everybody. */
  around: readonly FieldPolicyPlan[],
): string | undefined {
  const may = (policy: FieldPolicyPlan) => mayHave(file, policy, "input");
  const all = new Set(around.map(may));
  const own = ownCondition(owner, join, may);
  if (own !== undefined) all.add(all.size > 0 && own.includes(" || ") ? `(${own})` : own);
  return all.size === 0 ? undefined : [...all].join(" && ");
}

function ownCondition(
  owner: Translator,
  join: JoinPlan,
  may: (policy: FieldPolicyPlan) => string,
): string | undefined {
  const users = usersOf(owner, join);
  if (users === "always") return undefined;
  const conditions = new Set<string>();
  for (const { allow } of users) {
    if (allow === undefined) return undefined;
    conditions.add(may(allow));
  }
  return [...conditions].join(" || ");
}

/**
 * The fields that a join is run for, itself or through the keys of others. "always": it decides whether there is a row or a
 * response at all, which does not depend on who sees its fields.
 */
export function usersOf(owner: Translator, join: JoinPlan): readonly FieldPlan[] | "always" {
  const joins = withReaders(owner, join);
  const decides = (one: JoinPlan) =>
    one.onMissing !== "empty" || mayDrop(one) || owner.ensured?.has(one) === true;
  if (joins.some(decides)) return "always";
  return owner.fields.filter((field) =>
    readsOfField(field).some(({ root }) => root.kind === "join" && joins.includes(root.join)),
  );
}

/** A join, and those whose keys need what it finds. */
function withReaders(owner: Translator, join: JoinPlan): JoinPlan[] {
  const joins = new Set([join]);
  for (const one of joins)
    for (const other of ownJoins(owner)) if (other.after.includes(one)) joins.add(other);
  return [...joins];
}
