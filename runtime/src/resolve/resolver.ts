import type { FieldPolicy } from "../auth/policy.js";
import type { Call } from "../call/call.js";
import type { Lookup, Replies } from "../call/join.js";
import type { Kind } from "../cel/decode.js";
import type { Value } from "../cel/value.js";
import type { View, ViewField, ViewType } from "../cel/view.js";
import type { Method } from "../upstream/upstream.js";
import { writePlainField } from "./encode.js";
import { plainMessage, plainOf } from "./plain.js";
import {
  type CallContext,
  type Clients,
  clientsOf,
  contextOf,
  functionOf,
  internal,
  naming,
  omitsOf,
  type ResolverSet,
  type UpstreamCaller,
  untilEnd,
} from "./run.js";

/** What a hand-written resolver of a field is given beside what it reads. */
export interface ResolverContext<Request = unknown, Upstreams = unknown> extends CallContext<Upstreams> {
  /** The public request, decoded; of a method that takes a stream of requests, undefined. */
  readonly request: Request;
}

/** What a resolver gives: undefined leaves the field unset. */
export type Resolved<T> = T | undefined | Promise<T | undefined>;

/** The internal methods that resolvers may call: by resolver, by service, then by the name of the function. */
export type ClientTable = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, ClientMethod>>>>>
>;

export interface ClientMethod {
  readonly method: Method;
  readonly input: ViewType;
  readonly output: ViewType;
}

/** The guarded fields of what a resolver makes, by full name, and who may have them. */
export type GuardedFields = ReadonlyMap<string, FieldPolicy>;

/** What the generated `gateway.ts` says of its resolvers. */
export interface ResolverApi {
  /** Their names, sorted. */
  readonly names: readonly string[];
  readonly clients: ClientTable;
}

/** The hand-written functions of a gateway, and what they can call. */
export interface Resolvers {
  readonly functions: Readonly<Record<string, unknown>>;
  readonly clients: ClientTable;
}

/** What the annotation of a field says of its resolver. */
export interface ResolverSpec {
  readonly name: string;
  /** The public message, and the field of it. */
  readonly owner: string;
  readonly field: ViewField;
  /** How what it reads is decoded, by property. */
  readonly reads: Readonly<Record<string, ReadType>>;
  /** Of the messages inside the field. */
  readonly allow?: GuardedFields;
}

export interface ReadType {
  readonly kind?: Kind;
  readonly key?: ViewField["key"];
}

/** The call that a resolver runs in, and how its request is opened. */
export interface Resolving {
  readonly call: Call;
  readonly request?: () => View;
  /** What is set in the requests of what it calls. */
  readonly sets?: readonly ResolverSet[];
}

/** A row whose field is made by a resolver: what it reads there. */
export interface AskedRow {
  readonly reads: Readonly<Record<string, Value | undefined>>;
  readonly resolving: Resolving;
}

// One resolver waits for one thing after the other; so many rows wait side by side.
const AT_ONCE = 64;
const MAX_ROWS = 10_000;

/** Has rows resolved as those of a join are fetched: gathered in one walk, and taken in the next. */
export function resolverLookup(spec: ResolverSpec): Lookup {
  const name = `resolver ${spec.name}`;
  return {
    name,
    method: { service: "", name, path: name, kind: "unary" },
    resolver: spec,
    mode: "each",
    batchSize: 1,
    maxKeys: MAX_ROWS,
    maxRows: MAX_ROWS,
    ask: () => {},
    match: () => {},
  };
}

/**
 * Resolves all rows, a bounded number at once; the first failure is that of all. What resolvers call, they call through
 * `caller`, at its cost.
 */
export async function resolveRows(
  spec: ResolverSpec,
  replies: Replies,
  caller: UpstreamCaller,
): Promise<void> {
  const { asked } = replies;
  const [first] = asked;
  if (first === undefined) return;
  const { call, sets } = first.resolving;
  const clients = clientsOf(call, spec.name, caller, sets);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < asked.length) {
      const row = next++;
      try {
        const bytes = await resolveRow(spec, asked[row]!, clients);
        if (bytes.length > 0) replies.resolved(row, bytes);
      } catch (thrown) {
        // What has not begun does not begin.
        next = asked.length;
        throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, asked.length) }, work));
}

/** The field, encoded; nothing where it stays unset. */
async function resolveRow(
  { name, owner, field, reads: types, allow }: ResolverSpec,
  { reads, resolving: { call, request } }: AskedRow,
  clients: Clients,
): Promise<Uint8Array> {
  const plain = plainReads(types, reads);
  let decoded: unknown;
  // Its getters are not to be called here.
  const context: ResolverContext = Object.defineProperty(contextOf(call, clients), "request", {
    enumerable: true,
    get() {
      if (request !== undefined) decoded ??= plainMessage(request());
      return decoded;
    },
  }) as ResolverContext;
  const resolver = functionOf(call, name);
  const value = await untilEnd(call, () => resolver(plain, context));
  const w = call.output();
  const nesting = { depth: 1, omits: omitsOf(call, allow) };
  naming(name, () => writePlainField(w, owner, field, value, nesting));
  return w.finish();
}

/** What a function reads, decoded: what is not there is left out. */
export function plainReads(
  types: ResolverSpec["reads"],
  values: AskedRow["reads"],
  onRow?: (row: View) => void,
): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, { kind, key }] of Object.entries(types)) {
    const value = plainOf(values[name], kind, key, onRow);
    if (value !== null && value !== undefined) plain[name] = value;
  }
  return plain;
}

/** Refuses a required field whose resolver gave nothing. */
export function unresolved(field: string): never {
  throw internal(new Error(`the resolver of ${field} gave nothing, and the field is required`));
}
