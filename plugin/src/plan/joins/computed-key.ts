import { typeText } from "../../expression/types.js";
import { describeType } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { Expression, LookupPlan } from "../types.js";
import { holdersOf } from "../values/computed.js";

/** Sees that what an expression gives can be a key; whether it is a list of keys. Undefined, and reported, where it cannot. */
export function planComputedKey(
  context: Context,
  { tree }: Expression,
  lookup: Pick<LookupPlan, "ask" | "match" | "keyTypes">,
  part: number,
  place: Place,
  parts: number,
): boolean | undefined {
  const { type } = tree;
  const isList = type.kind === "list";
  if (isList && parts > 1) {
    context.report(
      "path-repeated",
      place,
      "the expression gives a list, and a composite key has no lists",
      "give one key",
    );
    return undefined;
  }
  const of = isList ? type.element : type;
  const wanted = lookup.keyTypes[part]!;
  const target = lookup.ask[part]?.at(-1) ?? lookup.match?.[part]?.at(-1);
  const isScalar = target === undefined || target.type.kind === "scalar";
  if (isScalar && (of.kind === "dyn" || holdersOf(of).includes(wanted))) return isList;
  const asked = target === undefined ? wanted : describeType({ ...target, cardinality: "singular" });
  context.report(
    "join-key-type",
    place,
    `the expression is ${typeText(type)}, and the key is asked for as ${asked}`,
    "convert it, or match by fields of one type",
  );
  return undefined;
}
