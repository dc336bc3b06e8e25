import { makesRandom } from "../../expression/random.js";
import type { Context, Place } from "../context.js";
import type { Translators } from "../fields/translators.js";
import type { Expression, FieldPlan, JoinPlan, Translator } from "../types.js";
import { readsOfJoin } from "../walk.js";
import { fieldsRead, readsOfThis } from "./finished.js";
import { decidingOf, hasJoins } from "./join-order.js";

/**
 * The keys of rows are gathered by one walk, and the rows are written by another, which must come to the same rows in the same
 * order: reports expressions that would let the two differ. Also puts fields that read `this` behind those that they read.
 */
export function checkRowOrder(context: Context, translators: Translators): void {
  for (const { translator } of translators.all) {
    if (translator.direction === "request") continue;
    for (const field of translator.fields) checkField(context, translator, field);
    for (const join of translator.joins) checkJoin(context, join);
    orderFields(context, translator);
  }
}

function checkField(context: Context, translator: Translator, field: FieldPlan): void {
  const at: Place = { element: field.target[0]!.desc! };
  if (!hasJoins(field)) return;
  const deciding = decidingOf(translator, field);
  if (deciding.flatMap(expressionsOf).some(({ tree }) => makesRandom(tree))) {
    report(
      context,
      at,
      "`uuid()` gives another value each time, and the rows here have joins",
      "choose rows by their fields",
    );
    return;
  }
  if (deciding.flatMap(readsOfThis).includes("")) {
    report(
      context,
      at,
      "rows with joins are chosen by all of `this`, which they are a part of",
      "read fields of it: `this.name`",
    );
  }
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

/** The expressions that a field's rows and their keys depend on. */
function expressionsOf({ value, selection, when }: FieldPlan): Expression[] {
  const own = value.root.kind === "expression" ? value.root.expression : undefined;
  return [own, selection, when].filter((expression) => expression !== undefined);
}

/** Behind the fields that they read, which are finished then; the members of a oneof stay together. */
function orderFields(context: Context, translator: Translator): void {
  const matesOf = (field: FieldPlan) => {
    const { oneof } = field.target[0]!;
    return oneof === undefined
      ? [field]
      : translator.fields.filter(({ target }) => target[0]!.oneof === oneof);
  };
  const isReader = (field: FieldPlan) => readsOfThis(field).length > 0;
  const readers = translator.fields.filter((field) => matesOf(field).some(isReader));
  if (readers.length === 0) return;
  const done = translator.fields.filter((field) => !readers.includes(field));
  const visit = (field: FieldPlan, path: readonly FieldPlan[]): boolean => {
    if (done.includes(field)) return true;
    const mates = matesOf(field);
    const start = path.findIndex((other) => mates.includes(other));
    if (start >= 0) {
      const names = [...path.slice(start), field].map(({ target }) => target[0]!.name);
      report(
        context,
        { element: path[start]!.target[0]!.desc! },
        `fields that read each other: ${names.join(" -> ")}`,
        "let one of them read the source",
      );
      return false;
    }
    const isFine = mates
      .filter(isReader)
      .every((reader) =>
        fieldsRead(translator, reader).every(
          (other) => !readers.includes(other) || visit(other, [...path, reader]),
        ),
      );
    if (isFine) done.push(...mates);
    return isFine;
  };
  if (!readers.every((field) => visit(field, []))) return;
  translator.fields.splice(0, translator.fields.length, ...done);
}

function report(context: Context, place: Place, message: string, fix: string): void {
  context.report("row-order", place, message, fix);
}
