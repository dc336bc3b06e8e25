import type { CallPlan, FieldPlan, JoinPlan, Root, Translator } from "../plan/types.js";
import { translatorsIn } from "../plan/walk.js";

/** Joins whose keys are gathered in one walk, once the joins `after` have answered. */
export interface JoinGroup {
  readonly joins: readonly JoinPlan[];
  readonly after: readonly JoinPlan[];
}

/** The joins of a translator that have to run: those that fields use, that drop or fail, or that others' keys read. */
export function ownJoins(translator: Translator): readonly JoinPlan[] {
  const needed = new Set<JoinPlan>();
  const need = (join: JoinPlan): void => {
    needed.add(join);
    for (const before of join.after) need(before);
  };
  for (const join of translator.joins) {
    const used = translator.fields.some(
      (field) => field.value.root.kind === "join" && field.value.root.join === join,
    );
    if (used || join.onMissing !== "empty") need(join);
  }
  return translator.joins.filter((join) => needed.has(join));
}

/** All joins in the messages that are written from one walk: without those on rows that joins have found. */
export function walkJoins(start: Translator | readonly Translator[]): readonly JoinPlan[] {
  const joins: JoinPlan[] = [];
  for (const translator of reach(start, (field) => field.value.root.kind !== "join"))
    joins.push(...ownJoins(translator));
  return joins;
}

/** The joins of a walk, grouped by what they wait for. */
export function groupsOf(joins: readonly JoinPlan[]): readonly JoinGroup[] {
  const groups: Array<{ joins: JoinPlan[]; after: readonly JoinPlan[] }> = [];
  for (const join of joins) {
    const same = groups.find(
      (group) => group.after.length === join.after.length && group.after.every((a, i) => a === join.after[i]),
    );
    if (same === undefined) groups.push({ joins: [join], after: join.after });
    else same.joins.push(join);
  }
  return groups;
}

/** The joins on the rows that a join finds, grouped: in the order in which the runtime numbers them. */
export function innerGroups(owner: Translator, join: JoinPlan): readonly JoinGroup[] {
  const inside = fieldsOf(owner, join).flatMap((field) => translatorsIn(field.conversion));
  return groupsOf(walkJoins(inside));
}

/** The fields that a join feeds. */
export function fieldsOf(owner: Translator, join: JoinPlan): readonly FieldPlan[] {
  return owner.fields.filter((field) => field.value.root.kind === "join" && field.value.root.join === join);
}

/** What a translator reads beside its source, itself or further in. */
export interface Reads {
  readonly calls: readonly CallPlan[];
  readonly request: boolean;
  readonly auth: boolean;
}

export function readsOf(start: Translator): Reads {
  const calls = new Set<CallPlan>();
  let request = false;
  let auth = false;
  const note = (root: Root): void => {
    if (root.kind === "call") calls.add(root.call);
    else if (root.kind === "request") request = true;
    else if (root.kind === "auth") auth = true;
  };
  for (const translator of reach(start, () => true)) {
    for (const field of translator.fields) note(field.value.root);
    for (const join of ownJoins(translator)) for (const key of join.key) note(key.root);
  }
  return { calls: [...calls], request, auth };
}

/** A translator and those inside it, in the order of their fields, each once; through the fields that `follow`. */
function reach(
  start: Translator | readonly Translator[],
  follow: (field: FieldPlan) => boolean,
): Translator[] {
  const seen = new Set<Translator>();
  const go = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    for (const field of translator.fields) {
      if (follow(field)) for (const inner of translatorsIn(field.conversion)) go(inner);
    }
  };
  for (const translator of Array.isArray(start) ? start : [start]) go(translator as Translator);
  return [...seen];
}

/** Whether a message may turn out not to be written. */
export function drops(translator: Translator): boolean {
  return ownJoins(translator).some((join) => join.onMissing === "drop");
}
