import { resolveRows } from "../resolve/resolver.js";
import { UpstreamError } from "../upstream/upstream.js";
import { ByteKey } from "../wire/byte-key.js";
import type { Reader } from "../wire/reader.js";
import type { Key } from "../wire/scalar.js";
import { Code, PorticoError } from "./error.js";
import type { Lookup, Pages, Replies, RowKey, Rows } from "./join.js";
import type { JoinCaller } from "./join-caller.js";
import { fetchNested } from "./nested.js";

/**
 * Fetches what the rows of some joins ask for: one call per batch of distinct keys, all batches side by side, then
 * the joins on what was found. Rejects with a PorticoError.
 */
export async function fetchJoins(call: JoinCaller, joins: readonly Rows[]): Promise<void> {
  if (joins.some((rows) => rows.inner.length > 0)) await fetchNested(call, joins, fetchSiblings);
  else if (joins.length === 1) await fetchSiblings(call, joins);
  else await Promise.all(siblingsOf(joins).map((siblings) => fetchSiblings(call, siblings)));
}

/** Joins that fetch the same way share their replies: fetched once. */
function siblingsOf(joins: readonly Rows[]): Rows[][] {
  const groups = new Map<Replies, Rows[]>();
  for (const rows of joins) {
    const siblings = groups.get(rows.replies);
    if (siblings === undefined) groups.set(rows.replies, [rows]);
    else siblings.push(rows);
  }
  return [...groups.values()];
}

async function fetchSiblings(call: JoinCaller, siblings: readonly Rows[]): Promise<void> {
  refuseTooMany(siblings);
  if (siblings[0]!.replies.keys.length > 0) await fetchReplies(call, siblings);
  if (call.messages === 1) refuseMissing(siblings);
}

/** Throws RESOURCE_EXHAUSTED if a join has more rows than it may. */
export function refuseTooMany(joins: readonly Rows[]): void {
  for (const rows of joins) {
    if (rows.count > rows.lookup.maxRows) throw tooMany("rows");
  }
}

/** Throws NOT_FOUND if a row is missing that must not be. */
export function refuseMissing(joins: readonly Rows[]): void {
  for (const rows of joins) {
    // Of what is not asked for, since nobody sees it, nothing is known to be missing.
    if (rows.onMissing === "fail" && rows.needed && rows.hasMissing())
      throw new PorticoError(Code.NOT_FOUND, "not found");
  }
}

async function fetchReplies(call: JoinCaller, siblings: readonly Rows[]): Promise<void> {
  const { replies, set } = siblings[0]!;
  const { lookup, keys } = replies;
  if (keys.length > lookup.maxKeys * call.messages) throw tooMany("keys");
  if (lookup.resolver !== undefined) return resolveRows(lookup.resolver, replies, call);
  if (isOneBatch(replies)) await fetchBatch(call, siblings, 0, 0, requestOf(call, replies, set, keys));
  else {
    await Promise.all(
      batchesOf(replies).map((numbers, batch) => {
        for (const number of numbers) replies.assign(number, batch);
        const request = requestOf(
          call,
          replies,
          set,
          numbers.map((number) => keys[number]!),
        );
        return fetchBatch(call, siblings, batch, numbers[0]!, request);
      }),
    );
  }
  replies.finishPages();
  if (replies.found > lookup.maxRows * call.messages) throw tooMany("rows");
}

/** The usual case, in which nothing has to be split. */
function isOneBatch({ lookup, keys }: Replies): boolean {
  if (lookup.mode === "all" || keys.length === 1) return true;
  if (lookup.mode === "each" || lookup.group !== undefined || keys.length > lookup.batchSize) return false;
  let bytes = 0;
  for (const key of keys) bytes += sizeOf(key);
  return bytes <= MAX_BATCH_BYTES;
}

function requestOf(
  call: JoinCaller,
  replies: Replies,
  set: Uint8Array | undefined,
  keys: readonly RowKey[],
): Uint8Array {
  const w = call.requestWriter();
  if (set !== undefined) w.raw(set);
  if (replies.lookup.mode !== "all") replies.lookup.ask(w, keys);
  return w.finish();
}

/** Fetches one batch; `keyNumber` is the first of its keys. */
async function fetchBatch(
  call: JoinCaller,
  siblings: readonly Rows[],
  batch: number,
  keyNumber: number,
  request: Uint8Array,
): Promise<void> {
  const { replies, lookup } = siblings[0]!;
  const max = lookup.pages?.max ?? 1;
  let page = request;
  for (let n = 1; ; n++) {
    let reply: Reader;
    try {
      reply = await call.readJoin(lookup, page);
    } catch (thrown) {
      // Asked for one thing by its key, an upstream says "not found" for "none".
      if (n === 1 && lookup.mode === "each" && isNotFound(thrown)) return;
      // Its rows alone are concerned: what other batches find stays.
      for (const rows of siblings)
        if (rows.waitsFor(batch)) rows.failed(batch, call.outcomeOf(thrown, rows.onError));
      replies.forget(batch);
      return;
    }
    const token = replies.read(reply, batch, keyNumber);
    if (token === "") return;
    if (n >= max) throw tooManyPages(lookup);
    if (replies.found > lookup.maxRows * call.messages) throw tooMany("rows");
    page = nextPage(call, request, lookup.pages!, token);
  }
}

/** The same request for another page. */
function nextPage(call: JoinCaller, request: Uint8Array, { tag }: Pages, token: string): Uint8Array {
  const w = call.requestWriter();
  w.raw(request);
  w.latin1(tag, token);
  return w.finish();
}

/** Where no pages are followed, the answer is not what the join was written for; else a bound is reached. */
function tooManyPages({ name, pages }: Lookup): PorticoError {
  const cause = new Error(`the answer to ${name} has a next page, which is not followed`);
  return pages === undefined
    ? new PorticoError(Code.INTERNAL, "internal error", { cause })
    : new PorticoError(Code.RESOURCE_EXHAUSTED, "the request needs too many pages", { cause });
}

function isNotFound(thrown: unknown): boolean {
  return (
    thrown instanceof PorticoError &&
    thrown.cause instanceof UpstreamError &&
    thrown.cause.code === Code.NOT_FOUND
  );
}

/** The numbers of the keys that go in one call each. */
function batchesOf({ lookup, keys }: Replies): number[][] {
  const all = keys.map((_, number) => number);
  if (lookup.mode === "each") return all.map((number) => [number]);
  return groupsOf(keys, all, lookup.group).flatMap((group) => split(group, keys, lookup.batchSize));
}

/** Of composite keys whose request is partly singular: the keys that can go in one call. */
function groupsOf(keys: readonly RowKey[], all: number[], group: readonly number[] | undefined): number[][] {
  if (group === undefined) return [all];
  const groups = new Map<string, number[]>();
  for (const number of all) {
    const parts = keys[number] as readonly Key[];
    const hash = group.map((part) => hashOf(parts[part]!)).join("");
    const members = groups.get(hash);
    if (members === undefined) groups.set(hash, [number]);
    else members.push(number);
  }
  return [...groups.values()];
}

// A request of this size is far below the 4 MiB that gRPC servers accept by default.
const MAX_BATCH_BYTES = 1024 * 1024;

function split(members: readonly number[], keys: readonly RowKey[], batchSize: number): number[][] {
  const batches: number[][] = [];
  let batch: number[] = [];
  let bytes = 0;
  for (const number of members) {
    const size = sizeOf(keys[number]!);
    if (batch.length >= batchSize || (batch.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(number);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Text that is another for another part, whatever comes behind it. */
function hashOf(part: Key): string {
  return typeof part === "string" ? `${part.length}:${part}` : `#${part};`;
}

function sizeOf(key: RowKey): number {
  if (typeof key === "string" || key instanceof ByteKey) return key.length + 10;
  if (typeof key !== "object") return 12;
  return key.reduce<number>((sum, part) => sum + sizeOf(part), 10);
}

function tooMany(what: "rows" | "keys"): PorticoError {
  return new PorticoError(Code.RESOURCE_EXHAUSTED, `the request needs too many ${what}`);
}
