import { mayDrop } from "../../plan/calls/on-error.js";
import { finishedFor } from "../../plan/joins/finished.js";
import type { FieldPlan, FieldPolicyPlan, JoinPlan, Translator } from "../../plan/types.js";
import { readsOfField } from "../../plan/walk.js";
import { ownJoins } from "../analysis.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { type MaskedRows, maskedPaths } from "./masked-paths.js";
import { mayHave } from "./policy.js";

/** In a handler: whether a join has to run, where that depends on which fields the caller gets; else undefined. */
export function neededCondition(
  file: FileScope,
  owner: Translator,
  join: JoinPlan,
  /** Who may have the fields around it that are made from found rows: these are walked for everybody. */
  around: readonly FieldPolicyPlan[],
  mask: MaskedRows | undefined,
): string | undefined {
  const may = (policy: FieldPolicyPlan) => mayHave(file, policy, "input");
  const all = new Set(around.map(may));
  const own = ownCondition(owner, join, may, mask);
  if (own !== undefined) all.add(all.size > 0 && own.includes(" || ") ? `(${own})` : own);
  return all.size === 0 ? undefined : [...all].join(" && ");
}

function ownCondition(
  owner: Translator,
  join: JoinPlan,
  may: (policy: FieldPolicyPlan) => string,
  mask: MaskedRows | undefined,
): string | undefined {
  const all = usersOf(owner, join);
  if (all === "always") return undefined;
  const { users, readers } = all;
  const paths = mask && maskedPaths(mask, [...users, ...readers]);
  const wants = (fields: readonly FieldPlan[]) => {
    if (paths === undefined) return undefined;
    const wanted = new Set([...fields, ...readers].flatMap((field) => paths.get(field)!));
    return `${mask!.variable}.wants(${[...wanted].map(quote).join(", ")})`;
  };
  const conditions = new Set<string>();
  const open = users.filter(({ allow }) => allow === undefined);
  if (open.length > 0) {
    const wanted = wants(open);
    if (wanted === undefined) return undefined;
    conditions.add(wanted);
  }
  for (const field of users) {
    if (field.allow === undefined) continue;
    const wanted = wants([field]);
    conditions.add(wanted === undefined ? may(field.allow) : `(${may(field.allow)} && ${wanted})`);
  }
  const [first] = conditions;
  return conditions.size === 1 ? first!.replace(/^\((.*)\)$/, "$1") : [...conditions].join(" || ");
}

/**
 * The fields that a join is run for, itself or through the keys of others, and the readers of those as `this`: to these, what a
 * caller may not have is not there. "always": it decides whether there is a row or a
 * response at all, which does not depend on who sees its fields.
 */
function usersOf(owner: Translator, join: JoinPlan): Users | "always" {
  const joins = withReaders(owner, join);
  const decides = (one: JoinPlan) =>
    one.onMissing !== "empty" || mayDrop(one) || owner.ensured?.has(one) === true;
  if (joins.some(decides)) return "always";
  const users = owner.fields.filter((field) =>
    readsOfField(field).some(({ root }) => root.kind === "join" && joins.includes(root.join)),
  );
  const readers = owner.fields.filter(
    (field) =>
      !users.includes(field) && finishedFor(owner, [field])?.fields.some((read) => users.includes(read)),
  );
  return { users, readers };
}

interface Users {
  readonly users: readonly FieldPlan[];
  readonly readers: readonly FieldPlan[];
}

/** A join, and those whose keys need what it finds. */
function withReaders(owner: Translator, join: JoinPlan): JoinPlan[] {
  const joins = new Set([join]);
  for (const one of joins)
    for (const other of ownJoins(owner)) if (other.after.includes(one)) joins.add(other);
  return [...joins];
}
