import type { Checked } from "../expression/checked.js";
import { partsOf } from "../expression/substitute.js";
import { mayDrop } from "../plan/calls/on-error.js";
import { finishedFor } from "../plan/joins/finished.js";
import { groupsOf, type JoinGroup, joinsOfConditions } from "../plan/joins/join-groups.js";
import type { CallPlan, Expression, FieldPlan, JoinPlan, Root, Translator } from "../plan/types.js";
import { hasOwnWalk, neededJoins, readsOfField, readsOfJoin, translatorsIn } from "../plan/walk.js";

export { groupsOf, type JoinGroup, joinsOfConditions };

/** The joins of a translator that have to run: those that fields use, that drop or fail, or that others' keys read. */
export function ownJoins(translator: Translator): readonly JoinPlan[] {
  const needed = neededJoins(translator);
  return translator.joins.filter((join) => needed.has(join));
}

/** All joins in the messages that are written from one walk: without those on rows that joins have found. */
export function walkJoins(start: Translator | readonly Translator[]): readonly JoinPlan[] {
  const joins: JoinPlan[] = [];
  for (const translator of reach(start, (field) => !hasOwnWalk(field))) joins.push(...ownJoins(translator));
  return joins;
}

/** A field that is made from found rows, with the joins in the messages that it is made of. */
export interface Site {
  readonly field: FieldPlan;
  readonly groups: readonly JoinGroup[];
}

/** The fields of a join in whose messages there are joins: each has rows of its own, in its own order. */
export function sitesOf(owner: Translator, join: JoinPlan): readonly Site[] {
  return fieldsOf(owner, join).flatMap((field) => {
    if (!hasOwnWalk(field)) return [];
    const groups = groupsOf(walkJoins(translatorsIn(field.conversion)));
    return groups.length === 0 ? [] : [{ field, groups }];
  });
}

/** The number of a join inside a field among all that are inside the rows of the field's join. */
export function innerIndex(owner: Translator, outer: JoinPlan, field: FieldPlan, inner: JoinPlan): number {
  let index = 0;
  for (const site of sitesOf(owner, outer)) {
    const joins = site.groups.flatMap((group) => group.joins);
    if (site.field === field) return index + joins.indexOf(inner);
    index += joins.length;
  }
  return -1;
}

/** The fields that a join feeds. */
export function fieldsOf(owner: Translator, join: JoinPlan): readonly FieldPlan[] {
  return owner.fields.filter((field) => field.value.root.kind === "join" && field.value.root.join === join);
}

/** What a function reads beside its source, itself or further in. */
export interface Reads {
  readonly calls: readonly CallPlan[];
  readonly request: boolean;
  readonly auth: boolean;
}

/** What the function that writes a message reads. */
export function readsOf(start: Translator): Reads {
  const note = new Noted();
  for (const translator of reach(start, () => true)) {
    for (const field of translator.fields) note.field(field, translator.direction);
  }
  return note.reads();
}

/** What a walk that gathers the keys of some joins reads beside its source. */
export function scanReadsOf(start: Translator | readonly Translator[], collect: readonly JoinPlan[]): Reads {
  const note = new Noted();
  for (const translator of reach(start, (field) => !hasOwnWalk(field))) {
    for (const join of ownJoins(translator)) if (collect.includes(join)) note.join(join);
    const fields = scannedFields(translator, collect);
    for (const field of fields) note.field(field, translator.direction);
    // What they read as `this` is written aside.
    const finished = finishedFor(translator, fields);
    if (finished === undefined) continue;
    for (const inner of reach(finished, () => true))
      for (const field of inner.fields) note.field(field, translator.direction);
  }
  return note.reads();
}

/**
 * The fields that a walk for keys follows: those in whose messages there are some. Of a oneof, the first member that is
 * there is written: the walk has to decide alike, so that it looks at all of its members.
 */
export function scannedFields(
  translator: Translator,
  collect: readonly JoinPlan[],
  /** The fields to choose from; default: all but those whose rows are walked by themselves. */
  from: readonly FieldPlan[] = translator.fields.filter((field) => !hasOwnWalk(field)),
): readonly FieldPlan[] {
  const wanted = from.filter((field) => scanRows(translatorsIn(field.conversion), collect).length > 0);
  const last = new Map(wanted.map((field) => [field.target[0]!.oneof, translator.fields.indexOf(field)]));
  const oneofs = new Set(
    wanted.map((field) => field.target[0]!.oneof).filter((oneof) => oneof !== undefined),
  );
  return translator.fields.filter((field, i) => {
    const { oneof } = field.target[0]!;
    if (wanted.includes(field)) return true;
    // Of the members that joins feed, those behind decide nothing, and may not be known yet.
    const isKnown = from.includes(field) || i < (last.get(oneof) ?? -1);
    return oneof !== undefined && oneofs.has(oneof) && isKnown;
  });
}

/** The joins that a scan has to be given: those that it gathers keys for, and those whose rows the keys read. */
export function scanRows(
  translator: Translator | readonly Translator[],
  collect: readonly JoinPlan[],
): readonly JoinPlan[] {
  const wanted = new Set(collect.flatMap((join) => [join, ...join.after]));
  return walkJoins(translator).filter((join) => wanted.has(join));
}

/** Whether an expression asks the call itself for something: for the time, or for what has one value in it. */
function readsClock(tree: Checked): boolean {
  const isCalls = tree.once !== undefined || (tree.kind === "call" && tree.signature.name === "now");
  return isCalls || partsOf(tree).some(readsClock);
}

class Noted {
  readonly #calls = new Set<CallPlan>();
  #request = false;
  #auth = false;

  field(field: FieldPlan, direction: Translator["direction"]): void {
    // What fails in a request is the caller's to hear.
    if (direction === "request" && field.value.root.kind === "expression") this.#auth = true;
    if (direction === "response" && field.allow !== undefined) this.#auth = true;
    for (const { root } of readsOfField(field)) this.root(root);
    const { root } = field.value;
    this.#clock(root.kind === "expression" ? root.expression : undefined, field.selection, field.when);
  }

  join(join: JoinPlan): void {
    for (const { root } of readsOfJoin(join)) this.root(root);
    const keys = join.key.map(({ root }) => (root.kind === "expression" ? root.expression : undefined));
    this.#clock(...keys, join.when);
  }

  /** The time is that of the call. */
  #clock(...expressions: ReadonlyArray<Expression | undefined>): void {
    if (expressions.some((expression) => expression !== undefined && readsClock(expression.tree)))
      this.#auth = true;
  }

  root(root: Root): void {
    if (root.kind === "call") this.#calls.add(root.call);
    else if (root.kind === "request") this.#request = true;
    else if (root.kind === "auth" || root.kind === "surroundings") this.#auth = true;
  }

  reads(): Reads {
    // By name, so that all functions of a message have the same order, whatever they read first.
    const calls = [...this.#calls].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { calls, request: this.#request, auth: this.#auth };
  }
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
  return ownJoins(translator).some(mayDrop);
}
