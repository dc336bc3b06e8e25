import { partOf, type Text } from "../expression/path.js";
import { type KeyParts, splitKey, splitLoadKey } from "../expression/split.js";
import { type FieldRule, type Join, type Load, messageRule, Outcome } from "../source/annotations.js";
import { describeType, type Field, type Message, messageOf, type Scalar } from "../source/model.js";
import { type Context, list, type Place } from "./context.js";
import { fits } from "./conversion.js";
import { parseDuration } from "./duration.js";
import { suggestion } from "./names.js";
import { assignment, type MethodScope, RequestFields, type Translators } from "./translate.js";
import type { JoinPlan, LookupPlan, Translator, UpstreamMethod, Value } from "./types.js";
import { descend, fieldPath, plainPath, RESERVED, resolveValue, rootMessage, type Scope } from "./values.js";

const DEFAULT_BATCH = 500;
const DEFAULT_BOUND = 10_000;
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

function checkLoads(context: Context, target: Message): void {
  const loads = target.desc === undefined ? [] : (messageRule(target.desc)?.load ?? []);
  const names = new Set<string>();
  loads.forEach((load, index) => {
    if (names.has(load.name)) {
      context.report(
        "load-duplicate",
        { element: target.desc!, path: load.name === "" ? ["load", index] : ["load", index, "name"] },
        load.name === "" ? "two loads without a name" : `two loads with the name "${load.name}"`,
        "give one of them another name",
      );
    }
    names.add(load.name);
  });
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

interface LoadFound {
  readonly load: Load;
  readonly message: Message;
  readonly index: number;
}

/** Finds "User" or "User.by_owner", relative to where it is used. */
function findLoad(
  context: Context,
  name: string,
  home: Message,
  place: Place,
  loadName?: string,
): LoadFound | undefined {
  const candidates: Array<[message: string, load: string]> =
    loadName === undefined ? [[name, ""]] : [[home.typeName, loadName]];
  const dot = name.lastIndexOf(".");
  if (loadName === undefined && dot > 0) candidates.push([name.slice(0, dot), name.slice(dot + 1)]);
  for (const [messageName, wanted] of candidates) {
    const message = findMessage(context, messageName, home);
    if (message?.desc === undefined) continue;
    const loads = messageRule(message.desc)?.load ?? [];
    const index = loads.findIndex((load) => load.name === wanted);
    if (index >= 0) return { load: loads[index]!, message, index };
    if (loadName === undefined && wanted === "" && candidates.length > 1) continue;
    context.report(
      "load-unknown",
      place,
      wanted === ""
        ? `${message.typeName} has no load without a name`
        : `${message.typeName} has no load "${wanted}"`,
      loads.length === 0
        ? "say in the message how it is fetched: `option (portico.v1.message).load = {…}`"
        : suggestion(
            wanted,
            loads.map((load) => load.name),
            `its loads: ${list(loads.map((load) => load.name))}`,
          ),
    );
    return undefined;
  }
  context.report(
    "load-unknown",
    place,
    `no message "${name}" with a load`,
    "write the name of a public message that has a `load`",
  );
  return undefined;
}

function findMessage(context: Context, name: string, home: Message): Message | undefined {
  // As in .proto files: the innermost scope first.
  const scopes = home.typeName.split(".");
  for (let n = scopes.length; n >= 0; n--) {
    const desc = context.registry.getMessage([...scopes.slice(0, n), name].join("."));
    if (desc !== undefined) return messageOf(desc);
  }
  return undefined;
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

interface KeySaid {
  readonly parts: KeyParts;
  readonly place: Place;
}

/** Decides how keys are asked for and how rows are matched (design section 3, "Joins"). */
function planLookup(
  translators: Translators,
  rule: Join | Load,
  method: UpstreamMethod,
  said: readonly KeySaid[],
  place: Place,
  scope: MethodScope,
): LookupPlan | undefined {
  const { context } = translators;
  const option = (...path: Array<string | number>): Place => ({ ...place, path: [...place.path!, ...path] });
  const ask: Field[][] = [];
  const answers: Array<Field[] | undefined> = [];
  let fine = true;
  for (const { parts, place: keyPlace } of said) {
    if (parts.request !== undefined) {
      const path = askPath(context, parts.request, method.input, keyPlace);
      if (path === undefined) fine = false;
      else ask.push(path);
    } else if (parts.response === undefined) {
      context.report(
        "join-key",
        keyPlace,
        "the key says neither what is asked for nor how rows are matched",
        'write it as "user_id -> ids = users.id"',
      );
      fine = false;
    }
    if (parts.response === undefined) answers.push(undefined);
    else {
      const path = fieldPath(context, parts.response, method.output, keyPlace);
      if (path === undefined) fine = false;
      else answers.push(path);
    }
  }
  if (!fine) return undefined;
  if (ask.length !== 0 && ask.length !== said.length) {
    context.report(
      "join-key",
      place,
      "some keys say what is asked for, and some do not",
      "write `-> request.path` in all of them, or in none",
    );
    return undefined;
  }
  const shape = shapeOf(context, ask, answers, said, method, place, rule.maxKeys > 0);
  if (shape === undefined) return undefined;
  const row = rowOf(context, answers, said);
  if (row === undefined) return undefined;
  const keyTypes = keyTypesOf(context, ask, answers, said);
  if (keyTypes === undefined) return undefined;
  const timeoutMs = rule.timeout === "" ? undefined : parseDuration(context, rule.timeout, option("timeout"));
  const set = planSet(translators, rule, method, ask, scope, place);
  if (set === "broken") return undefined;
  return {
    method,
    mode: shape,
    keyTypes,
    ask,
    row: row.row,
    match: row.match,
    set,
    batchSize: rule.batchSize || DEFAULT_BATCH,
    maxKeys: rule.maxKeys || DEFAULT_BOUND,
    maxRows: ("maxRows" in rule ? rule.maxRows : 0) || DEFAULT_BOUND,
    timeoutMs,
  };
}

/** A path in the request: through at most one list, at its end or as a list of messages. */
function askPath(context: Context, text: Text, message: Message, place: Place): Field[] | undefined {
  const path = fieldPath(context, text, message, place);
  if (path === undefined) return undefined;
  const last = path.at(-1)!;
  const part = partOf(text);
  if (
    path.filter((field) => field.cardinality !== "singular").length > 1 ||
    path.some((field) => field.cardinality === "map")
  ) {
    context.report(
      "path-repeated",
      { ...place, part },
      "a key goes through at most one list of the request, and no map",
      "name a field that holds one key, or a list of keys",
    );
    return undefined;
  }
  if (!isKeyType(context, last, { ...place, part })) return undefined;
  return path;
}

function isKeyType(context: Context, field: Field, place: Place): boolean {
  if (field.type.kind === "message") {
    context.report(
      "join-key-type",
      place,
      `"${field.name}" is ${describeType(field)}, which cannot be a key yet`,
      "name the fields inside it, one `key` each: a composite key",
    );
    return false;
  }
  if (field.type.kind === "scalar" && (field.type.scalar === "float" || field.type.scalar === "double")) {
    context.report(
      "join-key-type",
      place,
      `"${field.name}" is ${describeType(field)}: floating-point numbers are no keys`,
      "match by an integer, a string or bytes",
    );
    return false;
  }
  return true;
}

function shapeOf(
  context: Context,
  ask: readonly Field[][],
  answers: ReadonlyArray<Field[] | undefined>,
  said: readonly KeySaid[],
  method: UpstreamMethod,
  place: Place,
  hasMaxKeys: boolean,
): LookupPlan["mode"] | undefined {
  if (ask.length === 0) return "all";
  const container = (path: readonly Field[]) => {
    const index = path.findIndex((field) => field.cardinality === "repeated");
    return index < 0
      ? undefined
      : path
          .slice(0, index + 1)
          .map((f) => f.name)
          .join(".");
  };
  const containers = ask.map(container);
  const lists = containers.filter((name) => name !== undefined);
  if (lists.length === 0) {
    if (!hasMaxKeys) {
      context.report(
        "join-max-keys",
        place,
        `each distinct key costs a call of ${method.name}`,
        "join on a method that takes a list of keys, or say how many calls are fine: `max_keys: 100`",
      );
      return undefined;
    }
    return "each";
  }
  const isTuple = ask.some(
    (path, i) => containers[i] !== undefined && path.at(-1)!.cardinality === "singular",
  );
  if (new Set(lists).size > 1 || (lists.length > 1 && !isTuple)) {
    context.report(
      "join-batch",
      said[containers.lastIndexOf(lists.at(-1)!)]!.place,
      "the keys go into two lists of the request, which would be matched by position",
      "name fields of one list of messages, or a method that takes one list",
    );
    return undefined;
  }
  const unmatched = answers.findIndex((answer, i) => answer === undefined && containers[i] !== undefined);
  if (unmatched >= 0) {
    context.report(
      "join-batch",
      said[unmatched]!.place,
      "the answer to a batch cannot be matched without the path of the key in it",
      'add it: "… = users.id"',
    );
    return undefined;
  }
  return "batch";
}

/** Splits the answer paths into the row, which they share, and the rest. */
function rowOf(
  context: Context,
  answers: ReadonlyArray<Field[] | undefined>,
  said: readonly KeySaid[],
): { row: Field[]; match: Array<readonly Field[]> | undefined } | undefined {
  const known = answers.filter((answer) => answer !== undefined);
  if (known.length === 0) return { row: [], match: undefined };
  const lengths = known.map((path) => path.findLastIndex((field) => field.cardinality !== "singular") + 1);
  const row = known[lengths.indexOf(Math.max(...lengths))]!.slice(0, Math.max(...lengths));
  const match: Array<readonly Field[]> = [];
  for (let i = 0; i < answers.length; i++) {
    const answer = answers[i];
    if (answer === undefined) {
      // A part that is one for the whole batch: nothing to match.
      match.push([]);
      continue;
    }
    const { response } = said[i]!.parts;
    const place = { ...said[i]!.place, part: partOf(response!) };
    if (!row.every((field, at) => answer[at] === field)) {
      context.report(
        "join-key",
        place,
        "the parts of the key stand in different lists of the response",
        "name fields of one list",
      );
      return undefined;
    }
    const rest = answer.slice(row.length);
    if (rest.length === 0) {
      context.report(
        "join-key",
        place,
        `"${row.at(-1)!.name}" is the list of rows: a key is a field of its elements`,
        "name the field that holds the key",
      );
      return undefined;
    }
    if (!isKeyType(context, rest.at(-1)!, place)) return undefined;
    match.push(rest);
  }
  return { row, match };
}

function keyScalar(field: Field): Scalar {
  return field.type.kind === "scalar" ? field.type.scalar : "int32";
}

/** Keys compare in the type of the request's field; without one, of the response's. */
function keyTypesOf(
  context: Context,
  ask: readonly Field[][],
  answers: ReadonlyArray<Field[] | undefined>,
  said: readonly KeySaid[],
): Scalar[] | undefined {
  const types: Scalar[] = [];
  for (let i = 0; i < said.length; i++) {
    const asked = ask[i]?.at(-1);
    const answered = answers[i]?.at(-1);
    const type = keyScalar((asked ?? answered)!);
    if (asked !== undefined && answered !== undefined && !sameKind(answered, asked)) {
      context.report(
        "join-key-type",
        { ...said[i]!.place, part: partOf(said[i]!.parts.response!) },
        `the key is asked for as ${describeType({ ...asked, cardinality: "singular" })} and answered as ${describeType(answered)}`,
        "name fields of one type",
      );
      return undefined;
    }
    types.push(type);
  }
  return types;
}

function sameKind(a: Field, b: Field): boolean {
  if (a.type.kind === "enum" || b.type.kind === "enum") {
    return a.type.kind === "enum" && b.type.kind === "enum" && a.type.enum === b.type.enum;
  }
  if (a.type.kind !== "scalar" || b.type.kind !== "scalar") return false;
  return fits(a.type.scalar, b.type.scalar) || fits(b.type.scalar, a.type.scalar);
}

/** What `set` of the join and of its service say, as a translator from nothing. */
function planSet(
  translators: Translators,
  rule: Join | Load,
  method: UpstreamMethod,
  ask: readonly Field[][],
  scope: MethodScope,
  place: Place,
): Translator | undefined | "broken" {
  const { context } = translators;
  const translator: Translator = {
    direction: "request",
    target: method.input,
    source: undefined,
    fields: [],
    joins: [],
  };
  const fields = new RequestFields(translators, translator, scope);
  const names: Scope = {
    source: undefined,
    sourceName: "",
    request: scope.request,
    calls: new Map(),
    joins: new Map(),
    exposes: false,
  };
  let fine = true;
  const conflicts = (target: readonly Field[], at: Place) => {
    if (!ask.some((path) => path.length === target.length && path.every((field, i) => field === target[i])))
      return false;
    context.report(
      "set-conflict",
      at,
      `"${target.map((f) => f.name).join(".")}" is where the keys go`,
      "remove the `set`",
    );
    return true;
  };
  rule.set.forEach((text, index) => {
    const at: Place = { ...place, path: [...place.path!, "set", index] };
    const said = assignment(context, text, method.input, names, at);
    if (said === undefined || conflicts(said.target, at)) fine = false;
    else fields.assign(said.target, said.value, at);
  });
  for (const { text, place: at } of scope.serviceSets) {
    const said = translators.serviceSet(text, method.input, names, at);
    if (said === undefined || fields.isSet(said.target)) continue;
    if (!conflicts(said.target, at)) fields.assign(said.target, said.value, at);
  }
  if (!fine) return "broken";
  translator.fields.sort((a, b) => a.target[0]!.number - b.target[0]!.number);
  return translator.fields.length === 0 ? undefined : translator;
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
