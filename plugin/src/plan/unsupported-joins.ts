import type { Context } from "./context.js";
import type { Translators } from "./translators.js";
import type { FieldPlan, Translator } from "./types.js";
import { eachTranslator, translatorsIn } from "./walk.js";

/** Reports places of joins that handlers cannot be made for yet. */
export function checkJoinPlaces(context: Context, translators: Translators): void {
  for (const { translator } of translators.all) {
    for (const field of translator.fields) {
      if (field.conversion.kind === "any" && field.conversion.types.some(readsMore)) {
        report(context, field, "joins, and values of calls or the request, inside a google.protobuf.Any");
      }
      if (hasJoins(field) && isBehindJoin(translator, field)) {
        report(context, field, "messages with joins in a oneof, behind a member that a join feeds,");
      }
    }
  }
}

function report(context: Context, field: FieldPlan, what: string): void {
  context.report(
    "not-supported-yet",
    { element: field.target[0]!.desc! },
    `${what} are not supported yet`,
    "map a message without joins here, or mark the field `unset`",
  );
}

/** Whether a message takes more than its own source. */
function readsMore(start: Translator): boolean {
  let found = false;
  eachTranslator(start, ({ fields, joins }) => {
    if (joins.length > 0 || fields.some((field) => field.value.root.kind !== "source")) found = true;
  });
  return found;
}

/** Whether there are rows to gather in what a field is made from. */
function hasJoins(field: FieldPlan): boolean {
  if (field.value.root.kind === "join") return false;
  let found = false;
  for (const inner of translatorsIn(field.conversion)) {
    eachTranslator(inner, ({ joins }) => {
      if (joins.length > 0) found = true;
    });
  }
  return found;
}

/** Which member of a oneof is written is known only after the join; the rows are gathered before it. */
function isBehindJoin(owner: Translator, field: FieldPlan): boolean {
  const { oneof } = field.target[0]!;
  if (oneof === undefined) return false;
  const before = owner.fields.slice(0, owner.fields.indexOf(field));
  return before.some((other) => other.target[0]!.oneof === oneof && other.value.root.kind === "join");
}
