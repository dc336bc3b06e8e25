import { UpstreamError } from "../upstream/upstream.js";
import type { Reader } from "../wire/reader.js";
import type { Call } from "./call.js";
import { Code, PorticoError } from "./error.js";
import type { Replies, RowKey, Rows } from "./join.js";

/**
 * Fetches what the rows of some joins ask for: one call per batch of distinct keys, all batches side by side, then
 * the joins on what was found. Rejects with a PorticoError.
 */
export async function fetchJoins(call: Call, joins: readonly Rows[]): Promise<void> {
  for (const rows of joins) {
    if (rows.count > rows.lookup.maxRows) throw tooMany("rows");
  }
  // Siblings share their replies: fetched once.
  const first = new Map(joins.map((rows) => [rows.replies, rows] as const));
  const work = [...first].map(([replies, rows]) => fetchReplies(call, replies, rows.set));
  if (work.length === 1) await work[0];
  else await Promise.all(work);
  for (const rows of joins) {
    if (rows.onMissing === "fail" && rows.hasMissing()) throw new PorticoError(Code.NOT_FOUND, "not found");
  }
}

async function fetchReplies(call: Call, replies: Replies, set: Uint8Array | undefined): Promise<void> {
  const { lookup } = replies;
  if (replies.keys.length === 0) return;
  if (replies.keys.length > lookup.maxKeys) throw tooMany("keys");
  const batches = batchesOf(call, replies, set);
  const work = batches.map((batch, number) => fetchBatch(call, replies, batch, number));
  if (work.length === 1) await work[0];
  else await Promise.all(work);
  if (replies.found > lookup.maxRows) throw tooMany("rows");
  if (replies.innerJoins.length > 0) await fetchInner(call, replies);
}

async function fetchBatch(call: Call, replies: Replies, batch: Batch, number: number): Promise<void> {
  const { lookup } = replies;
  let reply: Reader;
  try {
    reply = await call.readJoin(lookup, batch.request);
  } catch (thrown) {
    // Asked for one thing by its key, an upstream says "not found" for "none".
    const notFound =
      lookup.mode === "each" &&
      thrown instanceof PorticoError &&
      thrown.cause instanceof UpstreamError &&
      thrown.cause.code === Code.NOT_FOUND;
    if (notFound) return;
    throw thrown;
  }
  replies.read(reply, number, batch.keyNumbers[0]!);
}

interface Batch {
  readonly keyNumbers: readonly number[];
  readonly request: Uint8Array;
}

function batchesOf(call: Call, replies: Replies, set: Uint8Array | undefined): Batch[] {
  const { lookup, keys } = replies;
  const batches: Batch[] = [];
  const push = (keyNumbers: readonly number[]) => {
    for (const number of keyNumbers) replies.assign(number, batches.length);
    const w = call.requestWriter();
    if (set !== undefined) w.raw(set);
    if (lookup.mode !== "all") {
      lookup.ask(
        w,
        keyNumbers.map((number) => keys[number]!),
      );
    }
    batches.push({ keyNumbers, request: w.finish() });
  };
  const all = keys.map((_, number) => number);
  if (lookup.mode === "all") push(all);
  else if (lookup.mode === "each") for (const number of all) push([number]);
  else
    for (const group of groupsOf(keys, all, lookup.group)) split(group, keys, lookup.batchSize).forEach(push);
  return batches;
}

/** Of composite keys whose request is partly singular: the keys that can go in one call. */
function groupsOf(keys: readonly RowKey[], all: number[], group: readonly number[] | undefined): number[][] {
  if (group === undefined) return [all];
  const groups = new Map<string, number[]>();
  for (const number of all) {
    const parts = keys[number] as ReadonlyArray<string | number>;
    const hash = JSON.stringify(group.map((part) => parts[part]));
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

function sizeOf(key: RowKey): number {
  if (typeof key === "number") return 12;
  if (typeof key === "string") return key.length + 10;
  return key.reduce<number>((sum, part) => sum + sizeOf(part), 10);
}

/** The joins of the messages that are made from found rows, each as soon as its keys are there. */
async function fetchInner(call: Call, replies: Replies): Promise<void> {
  const { inner, innerJoins } = replies;
  const done: Array<Promise<void>> = [];
  let offset = 0;
  for (const group of innerJoins) {
    const start = offset;
    const own = group.joins;
    offset += group.joins.length;
    const work = async () => {
      await Promise.all(group.after.map((join) => done[join]));
      for (let entry = 0; entry < replies.found; entry++) {
        for (let i = 0; i < own.length; i++) replies.mark(entry, start + i);
        group.scan(replies.open(entry), inner);
      }
      await fetchJoins(call, own);
    };
    const running = call.run(work);
    for (let i = 0; i < own.length; i++) done.push(running);
  }
  await Promise.all(done);
}

function tooMany(what: "rows" | "keys"): PorticoError {
  return new PorticoError(Code.RESOURCE_EXHAUSTED, `the request needs too many ${what}`);
}
