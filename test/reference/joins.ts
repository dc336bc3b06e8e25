import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Code } from "@portico/runtime";
import type {
  Expression,
  JoinPlan,
  LookupPlan,
  Root,
  UpstreamMethod,
  Value,
} from "../../plugin/src/plan/types.js";
import type { Field, Scalar } from "../../plugin/src/source/model.js";
import { Malformed } from "./cursor.js";
import { decode } from "./decode.js";
import { encode } from "./encode.js";
import { Absent, type Computed, NoValue, written } from "./expression.js";
import { Failure, outcomeOf } from "./failure.js";
import { elements, empty, type Holder, has, holderOf, read } from "./object.js";
import { checkText } from "./scalar.js";
import type { Site } from "./sites.js";
import { type Names, translate } from "./translate.js";

/** What an upstream answers. */
export type Answer = Uint8Array | { readonly code: number };
export type Ask = (method: UpstreamMethod, request: Uint8Array) => Answer;

/** The row that a join is of: what its key is read from. */
export interface Row {
  readonly roots: (root: Root) => readonly Holder[];
  readonly compute: (expression: Expression) => Computed;
  /** Whether a condition on the request holds. */
  readonly holds: (condition: Expression) => boolean;
}

/** The rows for one row; `failed`: a call of theirs did, and that is let pass. */
interface Result {
  readonly found: Holder[];
  readonly missing: boolean;
  readonly failed: "empty" | "drop" | undefined;
}

/** A call of a join has failed. */
class UpstreamFailure extends Error {
  constructor(readonly code: number) {
    super("the call fails");
  }
}

/** One part of a key, such that equal values are equal. */
type Part = string;

/**
 * Finds rows by key: asks for each distinct key in a call of its own, and looks through the whole reply. How many keys
 * go in one call changes nothing of what is found.
 */
export class Joins {
  readonly #found = new Map<string, Holder[] | UpstreamFailure>();
  readonly #keys = new Map<LookupPlan, Set<string>>();
  readonly #rows = new Map<Site, Map<JoinPlan, Set<unknown>>>();
  readonly #foundRows = new Map<Site, Map<LookupPlan, Set<unknown>>>();

  constructor(readonly ask: Ask) {}

  /** The rows for one row: of a list of keys, the first of each. */
  find(join: JoinPlan, row: Row, names: Names): Result {
    try {
      this.#countIn(this.#rows, names.seen.site, join, names.source, join.lookup.maxRows);
      if (join.keyList) {
        const keys = listOf(join.key[0]!, row, join.lookup.keyTypes[0]!);
        // All of them are asked for, also if one fails.
        const rows = keys.map((key) => this.#attempted(() => this.#lookup(join.lookup, [key], names)));
        const found = rows.flatMap((some) => (some instanceof UpstreamFailure ? [] : some.slice(0, 1)));
        const failure = rows.find((some) => some instanceof UpstreamFailure);
        if (failure !== undefined) return { ...this.#failed(join, failure, row), found };
        const missing = rows.some((some) => Array.isArray(some) && some.length === 0);
        return { found, missing, failed: undefined };
      }
      const values = join.key.map((value, i) => keyOf(value, row, join.lookup.keyTypes[i]!));
      // A part that is not set asks for nothing.
      if (values.includes(undefined)) return { found: [], missing: true, failed: undefined };
      const found = this.#lookup(join.lookup, values, names);
      return { found, missing: found.length === 0, failed: undefined };
    } catch (error) {
      if (error instanceof Malformed) throw new Failure(Code.INTERNAL, error.message);
      if (!(error instanceof UpstreamFailure)) throw error;
      return this.#failed(join, error, row);
    }
  }

  /** What becomes of a call that has failed, where that is let pass. */
  #failed(join: JoinPlan, failure: UpstreamFailure, row: Row): Result {
    const { outcome, code } = outcomeOf(join.onError, failure.code, row.holds);
    if (outcome === "fail") throw new Failure(code, failure.message);
    return { found: [], missing: false, failed: outcome };
  }

  #attempted<T>(step: () => T): T | UpstreamFailure {
    try {
      return step();
    } catch (error) {
      if (error instanceof UpstreamFailure) return error;
      throw error;
    }
  }

  #lookup(lookup: LookupPlan, key: readonly unknown[], names: Names): Holder[] {
    const set =
      lookup.set === undefined
        ? empty(lookup.method.input.desc!)
        : translate(lookup.set, { ...names, source: undefined })!;
    const parts = key.map(partOf);
    const id = [
      lookup.method.service,
      lookup.method.name,
      lookup.mode,
      Buffer.from(encode(set)).toString("hex"),
    ];
    const known = JSON.stringify([...id, ...pathsOf(lookup), ...parts]);
    let found = this.#found.get(known);
    if (found instanceof UpstreamFailure) throw found;
    if (found === undefined) {
      const asked = this.#keys.get(lookup) ?? new Set();
      this.#keys.set(lookup, asked.add(JSON.stringify(parts)));
      if (asked.size > lookup.maxKeys) throw new Failure(Code.RESOURCE_EXHAUSTED, "too many keys");
      const replies = this.#attempt(known, () => this.#reply(lookup, set, key, JSON.stringify(id)));
      found = replies.flatMap((reply) => rowsOf(reply, lookup)).filter((row) => isOf(row, lookup, parts));
      const { site } = names.seen;
      for (const one of found) this.#countIn(this.#foundRows, site, lookup, one, lookup.maxRows);
      this.#found.set(known, found);
    }
    return found;
  }

  /** What has failed is not tried again. */
  #attempt<T>(known: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof UpstreamFailure) this.#found.set(known, error);
      throw error;
    }
  }

  readonly #replies = new Map<string, ReflectMessage[]>();

  #reply(lookup: LookupPlan, set: ReflectMessage, key: readonly unknown[], id: string): ReflectMessage[] {
    // Without keys in the request, one call answers all of them.
    const known = lookup.mode === "all" ? this.#replies.get(id) : undefined;
    if (known !== undefined) return known;
    if (lookup.mode !== "all")
      lookup.ask.forEach((path, i) => {
        put(set, path, key[i], lookup.ask.slice(0, i));
      });
    const replies: ReflectMessage[] = [];
    for (let token: unknown; token !== ""; ) {
      const { pages } = lookup;
      if (replies.length > 0 && pages === undefined) throw new Failure(Code.INTERNAL, "there is a next page");
      if (replies.length >= (pages?.max ?? 1)) throw new Failure(Code.RESOURCE_EXHAUSTED, "too many pages");
      if (replies.length > 0) set.set(pages!.ask.desc!, token as never);
      const answer = this.ask(lookup.method, encode(set));
      if (answer instanceof Uint8Array) replies.push(decode(lookup.method.output.desc!, answer));
      else if (answer.code === Code.NOT_FOUND && lookup.mode === "each" && replies.length === 0) break;
      else throw new UpstreamFailure(answer.code);
      const last = replies.at(-1)!;
      const next = last.desc.fields.find((field) => field.name === "next_page_token");
      token = next?.fieldKind === "scalar" ? last.get(next) : "";
    }
    this.#replies.set(id, replies);
    return replies;
  }

  /** What each walk asks for, and finds, is counted by itself: a row once, at however many places it stands. */
  #countIn<T>(counts: Map<Site, Map<T, Set<unknown>>>, site: Site, of: T, row: unknown, max: number): void {
    const own = counts.get(site) ?? new Map<T, Set<unknown>>();
    counts.set(site, own);
    const rows = own.get(of) ?? new Set();
    own.set(of, rows.add(row));
    if (rows.size > max) throw new Failure(Code.RESOURCE_EXHAUSTED, "too many rows");
  }
}

function pathsOf({ ask, row, match }: LookupPlan): string[] {
  return [...ask, row, ...(match ?? [])].map((path) => path.map((field) => field.name).join("."));
}

/** A key that reads what is not there is not set. */
function computedKey(compute: () => Computed, type: Scalar): unknown {
  const key = computedOr(() => written(compute(), { kind: "scalar", scalar: type }, undefined));
  // What is empty asks for nothing.
  return key === "" || (key instanceof Uint8Array && key.length === 0) ? undefined : key;
}

function computedOr<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Absent) return undefined;
    if (error instanceof NoValue) throw new Failure(Code.INTERNAL, error.message);
    throw error;
  }
}

/** A key; undefined where it is not set. */
function keyOf({ root, path }: Value, { roots, compute }: Row, type: Scalar): unknown {
  if (root.kind === "expression") return computedKey(() => compute(root.expression), type);
  const from = roots(root)[0];
  const holder = from === undefined ? undefined : holderOf(from, path);
  const last = path.at(-1)!;
  return holder !== undefined && has(holder, last) ? read(holder, last) : undefined;
}

/** A list of keys: what stands in a list is set, whatever it is. */
function listOf({ root, path }: Value, { roots, compute }: Row, type: Scalar): unknown[] {
  if (root.kind === "expression") {
    const list = computedOr(() => compute(root.expression));
    if (!Array.isArray(list)) return [];
    // What is empty asks for nothing.
    return list
      .filter((key) => key !== null && key !== "")
      .map((key) => written(key, { kind: "scalar", scalar: type }, undefined));
  }
  const from = roots(root)[0];
  const holder = from === undefined ? undefined : holderOf(from, path);
  return holder === undefined ? [] : elements(holder, path.at(-1)!);
}

/** Keys compare by value, numbers of all types alike. */
function partOf(value: unknown): Part {
  if (typeof value === "string") return `text ${checkText(value)}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  return `number ${BigInt(value as number | bigint | boolean)}`;
}

/** Puts a part of a key into a request; parts of one element go into the same element. */
function put(
  request: ReflectMessage,
  path: readonly Field[],
  value: unknown,
  before: ReadonlyArray<readonly Field[]>,
): void {
  const [field, ...rest] = path;
  const desc = field!.desc!;
  if (rest.length === 0) {
    const content = isWide(field!) ? BigInt(value as number) : value;
    if (desc.fieldKind === "list") request.get(desc).add(content as never);
    else request.set(desc, content as never);
    return;
  }
  const below = before.filter(([first]) => first === field).map((other) => other.slice(1));
  if (desc.fieldKind === "list") {
    const list = request.get(desc);
    const element = below.length > 0 ? (list.get(list.size - 1) as ReflectMessage) : empty(inside(field!));
    put(element, rest, value, below);
    if (below.length === 0) list.add(element);
  } else if (desc.fieldKind === "message") {
    const inner = request.isSet(desc) ? request.get(desc) : empty(desc.message);
    put(inner, rest, value, below);
    request.set(desc, inner);
  }
}

function inside(field: Field) {
  if (field.type.kind !== "message") throw new Error(`${field.name} is no message`);
  return field.type.message.desc!;
}

function isWide({ type }: Field): boolean {
  return type.kind === "scalar" && type.scalar.endsWith("64");
}

/** The rows of a reply: the elements of the last list on the path; without a path the reply itself. */
function rowsOf(reply: ReflectMessage, { row }: LookupPlan): Holder[] {
  let rows: Holder[] = [reply];
  for (const field of row) {
    rows = rows.flatMap((holder) =>
      field.cardinality === "singular"
        ? has(holder, field)
          ? [read(holder, field) as ReflectMessage]
          : []
        : (elements(holder, field) as Holder[]),
    );
  }
  return rows;
}

/** Whether a row answers a key: never by its position. */
function isOf(row: Holder, { match }: LookupPlan, key: readonly Part[]): boolean {
  return (match ?? []).every((path, i) => {
    // A part that is one for the whole call.
    if (path.length === 0) return true;
    const holder = holderOf(row, path);
    const last = path.at(-1)!;
    if (holder === undefined) return false;
    const isThere = has(holder, last) || last.presence === "implicit";
    return isThere && partOf(read(holder, last)) === key[i];
  });
}
