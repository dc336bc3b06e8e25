import { partOf, type Text } from "../../expression/path.js";
import type { Join, Load } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import { type Context, isMarkedInternal, type Place } from "../context.js";
import { parseDuration } from "../duration.js";
import { RequestFields } from "../fields/request-fields.js";
import type { Translators } from "../fields/translators.js";
import type { MethodScope } from "../method-scope.js";
import type { LookupPlan, Translator, UpstreamMethod } from "../types.js";
import { type Assignment, assignment } from "../values/assignment.js";
import { scopeAside } from "../values/scope.js";
import { fieldPath } from "../values/values.js";
import { isKeyType, type KeySaid, keyTypesOf } from "./key-types.js";
import { planPages } from "./pages.js";

const DEFAULT_BATCH = 500;
const DEFAULT_BOUND = 10_000;

/** A lookup without what `set` says, which depends on the public method. */
export type BareLookup = Omit<LookupPlan, "set">;

/** Decides how keys are asked for and how rows are matched (design section 3, "Joins"). */
export function planLookup(
  context: Context,
  rule: Join | Load,
  method: UpstreamMethod,
  said: readonly KeySaid[],
  place: Place,
): BareLookup | undefined {
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
      said.find(({ parts }) => parts.request === undefined)!.place,
      "this key does not say where it is asked for, and others do",
      "write `-> request.path` in all of them, or in none",
    );
    return undefined;
  }
  const within = ask.findIndex((path) =>
    ask.some((other) => other.length < path.length && other.every((field, i) => path[i] === field)),
  );
  if (within >= 0) {
    const { parts, place: at } = said[within]!;
    context.report(
      "join-key",
      { ...at, part: partOf(parts.request!) },
      `"${ask[within]!.map((field) => field.name).join(".")}" is within a message that is a key itself`,
      "ask for the message, or for fields of it",
    );
    return undefined;
  }
  const shape = shapeOf(context, ask, answers, said, method, rule.maxKeys > 0);
  if (shape === undefined) return undefined;
  const row = rowOf(context, answers, said);
  if (row === undefined) return undefined;
  const keyTypes = keyTypesOf(context, ask, answers, said);
  if (keyTypes === undefined) return undefined;
  const timeoutMs =
    rule.timeout === ""
      ? undefined
      : parseDuration(context, rule.timeout, { ...place, path: [...place.path!, "timeout"] });
  const pages = planPages(context, rule, method, ask, place);
  if (pages === "broken") return undefined;
  return {
    method,
    mode: shape,
    keyTypes,
    ask,
    row: row.row,
    match: row.match,
    batchSize: rule.batchSize || DEFAULT_BATCH,
    maxKeys: rule.maxKeys || DEFAULT_BOUND,
    maxRows: ("maxRows" in rule ? rule.maxRows : 0) || DEFAULT_BOUND,
    pages,
    timeoutMs,
  };
}

/** A path in the request: through at most one list, at its end or as a list of messages. */
function askPath(context: Context, text: Text, message: Message, place: Place): Field[] | undefined {
  const path = fieldPath(context, text, message, place);
  if (path === undefined) return undefined;
  const last = path.at(-1)!;
  const part = partOf(text);
  const lists = path.filter((field) => field.cardinality !== "singular");
  if (lists.length > 1 || lists.some((field) => field.cardinality === "map")) {
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

function shapeOf(
  context: Context,
  ask: readonly Field[][],
  answers: ReadonlyArray<Field[] | undefined>,
  said: readonly KeySaid[],
  method: UpstreamMethod,
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
        said[0]!.place,
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
  const marked = row.find(isMarkedInternal);
  if (marked !== undefined) {
    const { parts, place } = said[answers.findIndex((answer) => answer?.includes(marked))]!;
    // Keys are compared and not shown; but what stands in a row is what fields are made from.
    context.report(
      "field-internal",
      { ...place, part: partOf(parts.response!) },
      `${marked.parent.typeName}.${marked.name} is marked internal: its rows must never be exposed`,
      "match rows of another field, or have the owner of the internal file lift the mark",
    );
    return undefined;
  }
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

/** Adds what `set` of the join or load, and of the public service, say. */
export function withSet(
  translators: Translators,
  { set }: Join | Load,
  lookup: BareLookup,
  scope: MethodScope,
  place: Place,
): LookupPlan | undefined {
  const { context } = translators;
  const { method, ask } = lookup;
  const translator: Translator = {
    direction: "request",
    target: method.input,
    source: undefined,
    fields: [],
    joins: [],
  };
  const fields = new RequestFields(translators, translator, scope);
  const names = scopeAside(scope);
  let fine = true;
  const conflicts = ({ target, targetPlace }: Assignment) => {
    const isKey = ask.some(
      (path) => path.length === target.length && path.every((field, i) => field === target[i]),
    );
    if (!isKey && lookup.pages?.ask !== target[0]) return false;
    context.report(
      "set-conflict",
      targetPlace,
      `"${target.map((f) => f.name).join(".")}" is ${isKey ? "where the keys go" : "what asks for the next page"}`,
      "remove the `set`",
    );
    return true;
  };
  set.forEach((text, index) => {
    const at: Place = { ...place, path: [...place.path!, "set", index] };
    const said = assignment(context, text, method.input, names, at);
    if (said === undefined || conflicts(said)) fine = false;
    else fields.assign(said);
  });
  for (const { text, place: at } of scope.serviceSets) {
    const said = translators.serviceSet(text, method.input, names, at);
    if (said === undefined || fields.isSet(said.target)) continue;
    if (!conflicts(said)) fields.assign(said);
  }
  if (!fine) return undefined;
  fields.finishSets();
  return { ...lookup, set: translator.fields.length === 0 ? undefined : translator };
}
