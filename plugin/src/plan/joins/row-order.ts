import type { Checked } from "../../expression/checked.js";
import { partsOf } from "../../expression/substitute.js";
import type { Context, Place } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { Expression, FieldPlan, JoinPlan, Translator } from "../types.js";
import { eachTranslator, readsOfField, readsOfJoin, translatorsIn } from "../walk.js";

/**
 * The keys of rows are gathered by one walk, and the rows are written by another, which must come to the same rows in the same
 * order: reports expressions that would let the two differ. Also puts fields that read `this` behind those that they read.
 */
export function checkRowOrder(context: Context, translators: Translators): void {
  for (const { translator } of translators.all) {
    if (translator.direction === "request") continue;
    for (const field of translator.fields) checkField(context, field);
    for (const join of translator.joins) checkJoin(context, join);
    orderFields(context, translator);
  }
}

function checkField(context: Context, field: FieldPlan): void {
  const at: Place = { element: field.target[0]!.desc! };
  const conditions = [field.selection, field.when].filter((expression) => expression !== undefined);
  const isMember = field.target[0]!.oneof !== undefined;
  if (isMember && readsOfField(field).some(({ root }) => root.kind === "this")) {
    later(context, at, "members of a oneof that read `this`", "read the source instead");
    return;
  }
  if (!hasJoins(field)) return;
  if (conditions.some(isRandom)) {
    report(
      context,
      at,
      "`uuid()` gives another value each time, and the rows here have joins",
      "choose rows by their fields",
    );
    return;
  }
  const reads = conditions.flatMap((expression) => expression.reads);
  const read = reads.find(
    ({ root }) =>
      root.kind === "this" ||
      // Joins in what the source holds wait for those that choose it; see orderJoins.
      (root.kind === "join" && field.value.root.kind === "join" && !isOwn(field, root.join)),
  );
  if (read !== undefined) {
    const what =
      read.root.kind === "this" ? "`this`" : `the join "${(read.root as { join: JoinPlan }).join.name}"`;
    later(context, at, `rows with joins that are chosen by ${what}`, "choose them by fields of the source");
    return;
  }
  const { value } = field;
  if (value.root.kind === "expression") {
    later(
      context,
      at,
      "messages with joins that an expression puts together",
      "give it the path of one message or list",
    );
    return;
  }
  const isInsideRow = value.root.kind === "join" && value.path.length > value.root.join.result.path.length;
  if (field.selection !== undefined && isInsideRow) {
    later(context, at, "rows with joins that are chosen inside a found row", "join the rows themselves");
    return;
  }
  if (value.root.kind === "join" && readsParent(field))
    later(context, at, "joins in a found row that read `parent`", "read a field of the row");
}

function checkJoin(context: Context, join: JoinPlan): void {
  if (!readsOfJoin(join).some(({ root }) => root.kind === "this")) return;
  report(
    context,
    { element: join.owner.desc! },
    `the join "${join.name}" reads \`this\`, which is finished only after it`,
    "read the source instead",
  );
}

function isOwn(field: FieldPlan, join: JoinPlan): boolean {
  return field.value.root.kind === "join" && field.value.root.join === join;
}

/** Whether there are rows to gather in what a field is made from. */
function hasJoins(field: FieldPlan): boolean {
  let found = false;
  for (const inner of translatorsIn(field.conversion)) {
    eachTranslator(inner, ({ joins }) => {
      if (joins.length > 0) found = true;
    });
  }
  return found;
}

/** Whether keys inside a field are read from the message around it. */
function readsParent(field: FieldPlan): boolean {
  return translatorsIn(field.conversion).some((inner) =>
    [
      ...inner.joins.flatMap(readsOfJoin),
      // Of a oneof, the walk for keys looks at all members.
      ...inner.fields
        .filter((one) => hasJoins(one) || one.target[0]!.oneof !== undefined)
        .flatMap(readsOfField),
    ].some(({ root }) => root.kind === "parent"),
  );
}

function isRandom({ tree }: Expression): boolean {
  const visit = (node: Checked): boolean =>
    (node.kind === "call" && node.signature.name === "uuid") || partsOf(node).some(visit);
  return visit(tree);
}

/** Behind the fields that they read, which are finished then. */
function orderFields(context: Context, translator: Translator): void {
  const readers = translator.fields.filter((field) => thisReads(field).length > 0);
  if (readers.length === 0) return;
  const done = translator.fields.filter((field) => !readers.includes(field));
  const visit = (field: FieldPlan, path: readonly FieldPlan[]): boolean => {
    if (done.includes(field)) return true;
    if (path.includes(field)) {
      const names = [...path.slice(path.indexOf(field)), field].map(({ target }) => target[0]!.name);
      report(
        context,
        { element: field.target[0]!.desc! },
        `fields that read each other: ${names.join(" -> ")}`,
        "let one of them read the source",
      );
      return false;
    }
    const names = thisReads(field);
    const before = readers.filter((other) => names.includes(other.target[0]!.name));
    if (!before.every((other) => visit(other, [...path, field]))) return false;
    done.push(field);
    return true;
  };
  if (!readers.every((field) => visit(field, []))) return;
  translator.fields.splice(0, translator.fields.length, ...done);
}

/** The public fields that a field reads as `this`. */
function thisReads(field: FieldPlan): string[] {
  return readsOfField(field).flatMap(({ root, path }) => (root.kind === "this" ? [path[0]?.name ?? ""] : []));
}

function report(context: Context, place: Place, message: string, fix: string): void {
  context.report("row-order", place, message, fix);
}

function later(context: Context, place: Place, what: string, fix: string): void {
  context.report("not-supported-yet", place, `${what} are not supported yet`, fix);
}
