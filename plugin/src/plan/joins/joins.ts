import { partOf } from "../../expression/path.js";
import { type FieldRule, type Join, messageRule, Outcome } from "../../source/annotations.js";
import { describeType, type Field, type Message } from "../../source/model.js";
import { joinErrors } from "../calls/on-error.js";
import { type Context, isMarkedInternal, type Place } from "../context.js";
import { fits } from "../fields/scalar-fit.js";
import type { Translators } from "../fields/translators.js";
import type { MethodScope } from "../method-scope.js";
import type { Expression, JoinPlan, LookupPlan, Value } from "../types.js";
import { resolveCondition } from "../values/expressions.js";
import { RESERVED, rootMessage, type Scope } from "../values/scope.js";
import { descend, plainPath, resolveValue } from "../values/values.js";
import { valuesIn } from "../walk.js";
import { planComputedKey } from "./computed-key.js";
import { type Declared, declaredJoin, declaredLoad, type RowText, rowOfLoad } from "./declared.js";
import { isCut } from "./depth.js";
import { findKeyField } from "./key-messages.js";
import { isKeyType, messageProblem } from "./key-types.js";
import { findLoad } from "./loads.js";
import { withSet } from "./lookup.js";

const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** What becomes of rows without an answer where nobody says it. */
const PLAIN = { onMissing: "empty", onError: [] } as const;

/** The joins of a message by name. */
export interface Joins {
  readonly plans: Map<string, JoinPlan | "broken">;
  /** One of them has no name: see Scope. */
  readonly incomplete: boolean;
  /** Some are not run where the message stands. */
  readonly cut: boolean;
}

/** Resolves the joins of a message, in the order in which they are written: a key may read the joins before it. */
export function planJoins(
  translators: Translators,
  target: Message,
  source: Message | undefined | "broken",
  scope: MethodScope,
  parent: Message | undefined,
): Joins {
  const { context } = translators;
  const plans = new Map<string, JoinPlan | "broken">();
  let incomplete = false;
  let cut = false;
  const rule = target.desc === undefined ? undefined : messageRule(target.desc);
  rule?.join.forEach((join, index) => {
    const place: Place = { element: target.desc!, path: ["join", index] };
    if (isCut(translators, target, join.name, scope)) {
      // As for a join that is wrong: nothing comes from it, and nothing is said.
      plans.set(join.name, "broken");
      cut = true;
      return;
    }
    const names: Scope = {
      source,
      request: scope.request,
      calls: scope.calls,
      joins: plans,
      exposes: false,
      incomplete: incomplete || scope.incomplete,
      lets: scope.lets,
      parent,
    };
    const isNamed = checkName(context, join, plans, scope, place);
    const plan = planJoin(translators, join, target, names, scope, place);
    if (plan === undefined) translators.excuseSets(scope);
    // A name that cannot be used, or that two have, still explains those who use it. Names with a dot or a dash are
    // no names in expressions, though: anything may be meant by what is not found.
    if (!/^\w+$/.test(join.name)) incomplete = true;
    plans.set(join.name, isNamed && plan !== undefined ? plan : "broken");
  });
  plans.delete("");
  return { plans, incomplete, cut };
}

function checkName(
  context: Context,
  join: Join,
  joins: ReadonlyMap<string, unknown>,
  scope: MethodScope,
  place: Place,
): boolean {
  const at: Place = join.name === "" ? place : { ...place, path: [...place.path!, "name"] };
  if (!IDENTIFIER.test(join.name) || RESERVED.has(join.name)) {
    context.report(
      "join-name",
      at,
      join.name === "" ? "a join without a name" : `"${join.name}" cannot be the name of a join`,
      'give it a name that fields can use, such as "user"',
    );
    return false;
  }
  if (joins.has(join.name) || scope.calls.has(join.name)) {
    context.report(
      "join-name",
      at,
      `the name "${join.name}" is taken by ${joins.has(join.name) ? "another join" : "a call"}`,
      "give it another name",
    );
    return false;
  }
  return true;
}

function planJoin(
  translators: Translators,
  join: Join,
  owner: Message,
  names: Scope,
  scope: MethodScope,
  place: Place,
): JoinPlan | undefined {
  const declared = declaredJoin(translators.context, join, owner, place);
  if (declared === undefined) return undefined;
  const lookup = withSet(translators, declared.rule, declared.lookup, scope, declared.place);
  if (lookup === undefined) return undefined;
  const onMissing =
    join.onMissing === Outcome.DROP ? "drop" : join.onMissing === Outcome.FAIL ? "fail" : "empty";
  const condition: Place = { ...place, path: [...place.path!, "when"] };
  // Whether rows are there is seen: a condition on what is marked internal would tell of it, bit by bit.
  const seen: Scope = { ...names, exposes: true };
  const when =
    join.when === "" ? undefined : resolveCondition(translators.context, join.when, seen, condition);
  if (join.when !== "" && when === undefined) return undefined;
  const onError = joinErrors(translators.context, join.onError, lookup, names, place);
  const outcomes = { onMissing, onError } as const;
  return finishJoin(translators, join.name, owner, lookup, declared.rows, declared, outcomes, names, when);
}

/** Resolves the `key` of a field: its message is loaded by it. */
export function planKeyJoin(
  translators: Translators,
  field: Field,
  rule: FieldRule,
  names: Scope,
  scope: MethodScope,
): JoinPlan | undefined {
  const { context } = translators;
  const element = field.desc!;
  const { type } = field;
  if (type.kind !== "message" || field.cardinality === "map") {
    context.report(
      "field-conflict",
      { element, path: ["key"] },
      `\`key\` loads a message, and "${field.name}" is ${describeType(field)}`,
      "use `from` on fields that are no messages",
    );
    return undefined;
  }
  const at: Place = { element, path: ["key"] };
  const said: Place = rule.load === "" ? at : { element, path: ["load"] };
  const found = findLoad(context, type.message.typeName, type.message, said, rule.load);
  const row = rowOfLoad(context, rule.key, at);
  const declared = found === undefined ? undefined : declaredLoad(context, found);
  const lookup =
    declared === undefined
      ? undefined
      : withSet(translators, declared.rule, declared.lookup, scope, declared.place);
  if (lookup === undefined) translators.excuseSets(scope);
  if (declared === undefined || lookup === undefined || row === undefined) return undefined;
  return finishJoin(translators, field.name, field.parent, lookup, [row], declared, PLAIN, names);
}

/** The join of one message, whose rows are in scope as `names`. */
function finishJoin(
  translators: Translators,
  name: string,
  owner: Message,
  lookup: LookupPlan,
  rows: readonly RowText[],
  declared: Declared,
  outcomes: Pick<JoinPlan, "onMissing" | "onError">,
  names: Scope,
  when?: Expression,
): JoinPlan | undefined {
  const { context } = translators;
  const key: Value[] = [];
  let keyList = false;
  for (let i = 0; i < rows.length; i++) {
    const { text, place: rowPlace } = rows[i]!;
    const value = resolveValue(context, text, names, rowPlace);
    if (value === undefined) return undefined;
    const part = partOf(text);
    // The keys of rows are the services' own; what a client says is not.
    const isSent = valuesIn(value).some(({ root }) => root.kind === "request");
    const asked = isSent ? lookup.ask[i] : undefined;
    const inside = asked?.at(-1)?.type;
    const marked =
      asked?.find(isMarkedInternal) ??
      (inside?.kind === "message" ? findKeyField(inside.message, isMarkedInternal) : undefined);
    if (marked !== undefined) {
      context.report(
        "field-internal",
        { ...rowPlace, part },
        `${marked.parent.typeName}.${marked.name} is marked internal: clients must not write it`,
        "take the key from the row, or have the owner of the internal file lift the mark",
      );
      return undefined;
    }
    if (value.root.kind === "expression") {
      const isList = planComputedKey(
        context,
        value.root.expression,
        lookup,
        i,
        { ...rowPlace, part },
        rows.length,
      );
      if (isList === undefined) return undefined;
      keyList ||= isList;
      key.push(value);
      continue;
    }
    const field = value.path.at(-1);
    if (field === undefined) {
      const claim = value.root.kind === "auth";
      context.report(
        "join-key-type",
        { ...rowPlace, part },
        claim ? "a claim cannot be a key: it is the same for all rows" : "a message cannot be a key",
        claim ? "use `set`" : "name the field that holds the key",
      );
      return undefined;
    }
    if (!isKeyType(context, field, { ...rowPlace, part })) return undefined;
    if (field.cardinality !== "singular") {
      if (rows.length > 1) {
        context.report(
          "path-repeated",
          { ...rowPlace, part },
          `"${field.name}" is ${describeType(field)}, and a composite key has no lists`,
          "name a field that holds one key",
        );
        return undefined;
      }
      keyList = true;
    }
    const type = lookup.keyTypes[i]!;
    const target = lookup.ask[i]?.at(-1) ?? lookup.match?.[i]?.at(-1);
    const fine =
      field.type.kind === "enum"
        ? target?.type.kind === "enum" && target.type.enum === field.type.enum
        : field.type.kind === "message"
          ? target?.type.kind === "message" && messageProblem(field, target) === undefined
          : field.type.kind === "scalar" && target?.type.kind === "scalar" && fits(field.type.scalar, type);
    if (!fine) {
      const problem = target === undefined ? undefined : messageProblem(field, target);
      context.report(
        "join-key-type",
        { ...rowPlace, part },
        `"${field.name}" is ${describeType(field)}, and the key is asked for as ${target === undefined ? type : describeType({ ...target, cardinality: "singular" })}${problem === undefined ? "" : `: ${problem}`}`,
        "match by fields of one type",
      );
      return undefined;
    }
    key.push(value);
  }
  const after = [...key.flatMap(valuesIn), ...(when?.reads ?? [])].flatMap(({ root }) =>
    root.kind === "join" ? [root.join] : [],
  );
  const plan = {
    name,
    owner,
    lookup,
    key,
    keyList,
    ...outcomes,
    after,
    use: undefined,
    ...(when === undefined ? {} : { when }),
  } as Omit<JoinPlan, "result"> & { result?: Value };
  const root = { kind: "join", join: plan as JoinPlan } as const;
  let result: Value = { root, path: [] };
  const { select } = declared.rule;
  if (select !== "") {
    const { place } = declared;
    const selectPlace: Place = { ...place, path: [...place.path!, "select"] };
    const path = plainPath(context, { value: select, offset: 0 }, selectPlace);
    if (path === undefined) return undefined;
    const found = descend(context, result, rootMessage(result)!, path, { exposes: true }, selectPlace);
    if (found === undefined) return undefined;
    result = found;
  }
  plan.result = result;
  return plan as JoinPlan;
}
