import { partOf, type Text } from "../expression/path.js";
import { splitKey, splitLoadKey } from "../expression/split.js";
import { type FieldRule, type Join, type Load, messageRule, Outcome } from "../source/annotations.js";
import { describeType, type Field, type Message } from "../source/model.js";
import type { Context, Place } from "./context.js";
import { fits } from "./conversion.js";
import { checkLoads, findLoad, type LoadFound } from "./loads.js";
import { isKeyType, type KeySaid, planLookup } from "./lookup.js";
import type { MethodScope, Translators } from "./translators.js";
import type { JoinPlan, LookupPlan, UpstreamMethod, Value } from "./types.js";
import { descend, plainPath, RESERVED, resolveValue, rootMessage, type Scope } from "./values.js";

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** Resolves the joins of a message, in the order in which they are written: a key may read the joins before it. */
export function planJoins(
  translators: Translators,
  target: Message,
  source: Message | undefined | "broken",
  scope: MethodScope,
): Map<string, JoinPlan | "broken"> {
  const joins = new Map<string, JoinPlan | "broken">();
  const rule = target.desc === undefined ? undefined : messageRule(target.desc);
  checkLoads(translators.context, target);
  rule?.join.forEach((join, index) => {
    const place: Place = { element: target.desc!, path: ["join", index] };
    const name = joinName(translators.context, join, joins, scope, place);
    const names: Scope = {
      source,
      sourceName: "source",
      request: scope.request,
      calls: scope.calls,
      joins,
      exposes: false,
    };
    const plan = planJoin(translators, join, target, names, scope, place);
    if (name !== undefined) joins.set(name, plan ?? "broken");
  });
  return joins;
}

function joinName(
  context: Context,
  join: Join,
  joins: ReadonlyMap<string, unknown>,
  scope: MethodScope,
  place: Place,
): string | undefined {
  const at: Place = join.name === "" ? place : { ...place, path: [...place.path!, "name"] };
  if (!IDENTIFIER.test(join.name) || RESERVED.has(join.name)) {
    context.report(
      "join-name",
      at,
      join.name === "" ? "a join without a name" : `"${join.name}" cannot be the name of a join`,
      'give it a name that fields can use, such as "user"',
    );
    return undefined;
  }
  if (joins.has(join.name) || scope.calls.has(join.name)) {
    context.report(
      "join-name",
      at,
      `the name "${join.name}" is taken by another ${joins.has(join.name) ? "join" : "call"}`,
      "give it another name",
    );
    return undefined;
  }
  return join.name;
}

const LATER_JOIN = ["when", "onError", "retry", "hedge", "cache", "maxPages", "maxDepth"] as const;
const OPTION_NAMES: Readonly<Record<string, string>> = {
  onError: "on_error",
  maxPages: "max_pages",
  maxDepth: "max_depth",
};

function reportLater(context: Context, rule: Join | Load, place: Place): boolean {
  let fine = true;
  for (const name of LATER_JOIN) {
    const value: unknown = (rule as unknown as Record<string, unknown>)[name];
    if (value === undefined || value === "" || value === 0 || (Array.isArray(value) && value.length === 0))
      continue;
    fine = false;
    const option = OPTION_NAMES[name] ?? name;
    const path = Array.isArray(value) ? [...place.path!, option, 0] : [...place.path!, option];
    context.report(
      "not-supported-yet",
      { ...place, path },
      `\`${option}\` of a join is not supported yet`,
      "remove it",
    );
  }
  return fine;
}

function planJoin(
  translators: Translators,
  join: Join,
  owner: Message,
  names: Scope,
  scope: MethodScope,
  place: Place,
): JoinPlan | undefined {
  const { context } = translators;
  let fine = reportLater(context, join, place);
  const option = (...path: Array<string | number>): Place => ({ ...place, path: [...place.path!, ...path] });
  if (join.onMissing === Outcome.STALE) {
    context.report(
      "number-range",
      option("on_missing"),
      "a missing row cannot be stale",
      "write EMPTY, DROP or FAIL",
    );
    fine = false;
  }
  const onMissing =
    join.onMissing === Outcome.DROP ? "drop" : join.onMissing === Outcome.FAIL ? "fail" : "empty";
  if (join.key.length === 0) {
    context.report(
      "join-key",
      place,
      "a join without a key",
      'say how rows are matched: `key: "user_id -> ids = users.id"`',
    );
    return undefined;
  }
  if ((join.method === "") === (join.load === "")) {
    context.report(
      "field-conflict",
      join.method === "" ? place : option("load"),
      join.method === ""
        ? "a join needs a `method` or a `load`"
        : "a join has a `method` or a `load`, not both",
      'write `method: "package.Service/Method"`, or `load: "Message"` for one that a message declares',
    );
    return undefined;
  }
  if (join.load !== "") {
    const load = findLoad(context, join.load, owner, option("load"));
    if (load === undefined || !fine) return undefined;
    const rows = join.key.map((value, index) => ({
      text: { value, offset: 0 },
      place: option("key", index),
    }));
    return withLoad(translators, load, join.name, owner, rows, onMissing, names, scope);
  }
  const method = context.upstreamMethod(join.method, undefined, option("method"));
  if (method === undefined || !isRead(context, method, option("method"))) return undefined;
  const parts = join.key.map((value, index) => ({
    parts: splitKey(value),
    place: option("key", index),
    value,
  }));
  for (const part of parts) {
    if (part.parts !== undefined) continue;
    context.report(
      "syntax",
      part.place,
      `"${part.value}" is not of the form "row -> request.path = response.path"`,
      'write it as "user_id -> ids = users.id"',
    );
    fine = false;
  }
  if (!fine) return undefined;
  const lookup = planLookup(translators, join, method, parts as KeySaid[], place, scope);
  if (lookup === undefined) return undefined;
  const rows = parts.map((part) => ({ text: part.parts!.row!, place: part.place }));
  return finishJoin(
    translators,
    join.name,
    owner,
    lookup,
    rows,
    join.select,
    option("select"),
    onMissing,
    names,
  );
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
  if (field.type.kind !== "message" || field.cardinality === "map") {
    context.report(
      "field-conflict",
      { element, path: ["key"] },
      `\`key\` loads a message, and "${field.name}" is ${describeType(field)}`,
      "use `from` on fields that are no messages",
    );
    return undefined;
  }
  const name = rule.load === "" ? field.type.message.typeName : `${field.type.message.typeName}.${rule.load}`;
  const load = findLoad(
    context,
    name,
    field.type.message,
    { element, path: rule.load === "" ? ["key"] : ["load"] },
    rule.load,
  );
  if (load === undefined) return undefined;
  const rows = [{ text: { value: rule.key, offset: 0 }, place: { element, path: ["key"] } }];
  return withLoad(translators, load, field.name, field.parent, rows, "empty", names, scope);
}

interface RowText {
  readonly text: Text;
  readonly place: Place;
}

function withLoad(
  translators: Translators,
  found: LoadFound,
  name: string,
  owner: Message,
  rows: readonly RowText[],
  onMissing: JoinPlan["onMissing"],
  names: Scope,
  scope: MethodScope,
): JoinPlan | undefined {
  const { context } = translators;
  const { load, message, index } = found;
  const place: Place = { element: message.desc!, path: ["load", index] };
  const option = (...path: Array<string | number>): Place => ({ ...place, path: [...place.path!, ...path] });
  let fine = reportLater(context, load, place);
  if (load.key === "") {
    context.report(
      "join-key",
      place,
      "a load without a key",
      'say how rows are matched: `key: "ids = users.id"`',
    );
    return undefined;
  }
  if (load.method === "") {
    context.report(
      "field-conflict",
      place,
      "a load needs a `method`",
      'write `method: "package.Service/Method"`',
    );
    return undefined;
  }
  const method = context.upstreamMethod(load.method, undefined, option("method"));
  const parts = splitLoadKey(load.key);
  if (parts === undefined) {
    context.report(
      "syntax",
      option("key"),
      `"${load.key}" is not of the form "request.path = response.path"`,
      'write it as "ids = users.id"',
    );
    fine = false;
  }
  if (method === undefined || !fine || !isRead(context, method, option("method"))) return undefined;
  const lookup = planLookup(
    translators,
    load,
    method,
    [{ parts: parts!, place: option("key") }],
    place,
    scope,
  );
  if (lookup === undefined) return undefined;
  if (rows.length !== 1) {
    context.report(
      "join-key",
      rows[1]?.place ?? place,
      "a load has one key",
      "write one `key`, or a join with a `method`",
    );
    return undefined;
  }
  return finishJoin(translators, name, owner, lookup, rows, load.select, option("select"), onMissing, names);
}

function isRead(context: Context, method: UpstreamMethod, place: Place): boolean {
  if (method.effect !== "READ") {
    context.report(
      "effect-join",
      place,
      `${method.service}/${method.name} is not known to be a read, and a join may run at any time and again`,
      "join on a method that reads: one whose name begins with Get, List, BatchGet, BatchList, Search, Count or Lookup, or that has `idempotency_level = NO_SIDE_EFFECTS`",
    );
    return false;
  }
  if (method.kind !== "unary") {
    context.report(
      "stream-kind",
      place,
      `${method.service}/${method.name} answers with a stream`,
      "join on a unary method",
    );
    return false;
  }
  return true;
}

function finishJoin(
  translators: Translators,
  name: string,
  owner: Message,
  lookup: LookupPlan,
  rows: readonly RowText[],
  select: string,
  selectPlace: Place,
  onMissing: JoinPlan["onMissing"],
  names: Scope,
): JoinPlan | undefined {
  const { context } = translators;
  const key: Value[] = [];
  let keyList = false;
  for (let i = 0; i < rows.length; i++) {
    const { text, place: rowPlace } = rows[i]!;
    const value = resolveValue(context, text, names, rowPlace);
    if (value === undefined) return undefined;
    const part = partOf(text);
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
      if (field.cardinality === "map" || rows.length > 1) {
        context.report(
          "path-repeated",
          { ...rowPlace, part },
          `"${field.name}" is ${describeType(field)}, and ${rows.length > 1 ? "a composite key has no lists" : "a map is no list of keys"}`,
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
        : field.type.kind === "scalar" && target?.type.kind === "scalar" && fits(field.type.scalar, type);
    if (!fine) {
      context.report(
        "join-key-type",
        { ...rowPlace, part },
        `"${field.name}" is ${describeType(field)}, and the key is asked for as ${target === undefined ? type : describeType({ ...target, cardinality: "singular" })}`,
        "match by fields of one type",
      );
      return undefined;
    }
    key.push(value);
  }
  const after = key.flatMap((value) => (value.root.kind === "join" ? [value.root.join] : []));
  const plan = { name, owner, lookup, key, keyList, onMissing, after, use: undefined } as Omit<
    JoinPlan,
    "result"
  > & { result?: Value };
  const root = { kind: "join", join: plan as JoinPlan } as const;
  let result: Value = { root, path: [] };
  if (select !== "") {
    const path = plainPath(context, { value: select, offset: 0 }, selectPlace);
    if (path === undefined) return undefined;
    const found = descend(context, result, rootMessage(result)!, path, { exposes: true }, selectPlace);
    if (found === undefined) return undefined;
    result = found;
  }
  plan.result = result;
  return plan as JoinPlan;
}
