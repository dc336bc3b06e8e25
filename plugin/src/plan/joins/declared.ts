import type { Text } from "../../expression/path.js";
import { splitKey, splitLoadKey } from "../../expression/split.js";
import { type Join, type Load, Outcome } from "../../source/annotations.js";
import type { Message } from "../../source/model.js";
import { takesStream } from "../calls/stream-kind.js";
import type { Context, Place } from "../context.js";
import { checkLater } from "../later.js";
import type { UpstreamMethod } from "../types.js";
import { MAX_DEPTH } from "./depth.js";
import type { KeySaid } from "./key-types.js";
import { findLoad, type LoadFound } from "./loads.js";
import { type BareLookup, planLookup } from "./lookup.js";

/** What a join or load says whoever uses it: everything but its rows and its `set`. */
export interface Declared {
  readonly rule: Join | Load;
  readonly place: Place;
  readonly lookup: BareLookup;
}

/** The row part of a key. */
export interface RowText {
  readonly text: Text;
  readonly place: Place;
}

/** Resolves what a join says by itself; reports what is wrong. */
export function declaredJoin(
  context: Context,
  join: Join,
  owner: Message,
  place: Place,
): (Declared & { readonly rows: readonly RowText[] }) | undefined {
  const option = (...path: Array<string | number>): Place => ({ ...place, path: [...place.path!, ...path] });
  let fine = checkLater(context, join, place);
  if (join.maxDepth > MAX_DEPTH) {
    context.report(
      "join-depth",
      option("max_depth"),
      `a join reaches its own message at most ${MAX_DEPTH} times: each time is a step that waits for the one before`,
      `write a number from 1 to ${MAX_DEPTH}`,
    );
    fine = false;
  }
  if (join.onMissing === Outcome.STALE) {
    context.report(
      "on-missing",
      option("on_missing"),
      "STALE is for errors: a row that is missing was never there",
      "write EMPTY, DROP or FAIL",
    );
    fine = false;
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
  if (join.key.length === 0) {
    context.report(
      "join-key",
      place,
      "a join without a key",
      join.load === ""
        ? 'say how rows are matched: `key: "user_id -> ids = users.id"`'
        : 'say by what: `key: "user_id"`',
    );
    return undefined;
  }
  if (join.load !== "") return joinByLoad(context, join, owner, place, fine);
  const method = readMethod(context, join.method, option("method"));
  const keys: KeySaid[] = [];
  const rows: RowText[] = [];
  join.key.forEach((value, index) => {
    const parts = splitKey(value);
    if (parts !== undefined) {
      keys.push({ parts, place: option("key", index) });
      rows.push({ text: parts.row!, place: option("key", index) });
      return;
    }
    fine = false;
    context.report(
      "syntax",
      option("key", index),
      `"${value}" is not of the form "row -> request.path = response.path"`,
      'write it as "user_id -> ids = users.id"',
    );
  });
  if (method === undefined || keys.length < join.key.length) return undefined;
  const lookup = planLookup(context, join, method, keys, place);
  return lookup === undefined || !fine ? undefined : { rule: join, place, lookup, rows };
}

/** What a load says for the joins that use it; they say the row alone. */
const LOADS_OWN = [
  ["select", "select"],
  ["set", "set"],
  ["batch_size", "batchSize"],
  ["max_keys", "maxKeys"],
  ["max_rows", "maxRows"],
  ["max_pages", "maxPages"],
  ["timeout", "timeout"],
] as const;

function joinByLoad(context: Context, join: Join, owner: Message, place: Place, said: boolean) {
  const option = (...path: Array<string | number>): Place => ({ ...place, path: [...place.path!, ...path] });
  let fine = said;
  for (const [name, property] of LOADS_OWN) {
    const value = join[property];
    if (Array.isArray(value) ? value.length === 0 : !value) continue;
    fine = false;
    context.report(
      "field-conflict",
      option(name),
      `\`${name}\` does not go with \`load\`, which says it for all that use it`,
      name === "max_rows" || name === "max_pages"
        ? "write a join with a `method`: a load has no such option"
        : "write it in the load, or a join with a `method`",
    );
  }
  const found = findLoad(context, join.load, owner, option("load"));
  const rows = join.key.map((value, index) => rowOfLoad(context, value, option("key", index)));
  if (rows.length > 1) {
    context.report(
      "join-key",
      rows[1]?.place ?? place,
      "a load has one key",
      "write one `key`, or a join with a `method`",
    );
    return undefined;
  }
  const declared = found === undefined ? undefined : declaredLoad(context, found);
  if (declared === undefined || rows[0] === undefined || !fine) return undefined;
  return { ...declared, rows: [rows[0]] };
}

/** The key by which a load is used: the row's part alone. */
export function rowOfLoad(context: Context, value: string, place: Place): RowText | undefined {
  const parts = splitKey(value);
  if (parts !== undefined && parts.request === undefined && parts.response === undefined) {
    return { text: { value, offset: 0 }, place };
  }
  context.report(
    "syntax",
    place,
    `"${value}" says more than the key: the rest is the load's`,
    'write the path of the key alone, such as "user_id"',
  );
  return undefined;
}

/** Resolves what a load says; reports what is wrong. */
export function declaredLoad(context: Context, found: LoadFound): Declared | undefined {
  const { load, message, index } = found;
  const place: Place = { element: message.desc!, path: ["load", index] };
  const option = (name: string): Place => ({ ...place, path: [...place.path!, name] });
  const fine = checkLater(context, load, place);
  if (load.method === "") {
    context.report(
      "field-conflict",
      place,
      "a load needs a `method`",
      'write `method: "package.Service/Method"`',
    );
    return undefined;
  }
  if (load.key === "") {
    context.report(
      "join-key",
      place,
      "a load without a key",
      'say how rows are matched: `key: "ids = users.id"`',
    );
    return undefined;
  }
  const method = readMethod(context, load.method, option("method"));
  const parts = splitLoadKey(load.key);
  if (parts === undefined) {
    context.report(
      "syntax",
      option("key"),
      `"${load.key}" is not of the form "request.path = response.path"`,
      'write it as "ids = users.id"',
    );
  }
  if (method === undefined || parts === undefined) return undefined;
  const lookup = planLookup(context, load, method, [{ parts, place: option("key") }], place);
  return lookup === undefined || !fine ? undefined : { rule: load, place, lookup };
}

/** A unary method that reads. */
function readMethod(context: Context, name: string, place: Place): UpstreamMethod | undefined {
  const method = context.upstreamMethod(name, "none", place);
  return method !== undefined && isRead(context, method, place) ? method : undefined;
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
      `${method.service}/${method.name} ${takesStream(method.kind) ? "takes a stream of requests" : "answers with a stream"}`,
      "join on a unary method",
    );
    return false;
  }
  return true;
}
