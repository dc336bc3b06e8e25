import type { Principal } from "../auth/principal.js";
import type { Call } from "../call/call.js";
import { Code, PorticoError } from "../call/error.js";
import type { Lookup, Replies } from "../call/join.js";
import type { Kind } from "../cel/decode.js";
import type { Value } from "../cel/value.js";
import { View, type ViewField, type ViewType } from "../cel/view.js";
import type { Method } from "../upstream/upstream.js";
import { Reader } from "../wire/reader.js";
import type { Writer } from "../wire/writer.js";
import { PlainValueError, writePlain, writePlainField } from "./encode.js";
import { plainMessage, plainOf } from "./plain.js";

/** What a hand-written resolver is given beside what it reads. */
export interface ResolverContext<Request = unknown, Upstreams = unknown> {
  /** The public request, decoded; of a method that takes a stream of requests, undefined. */
  readonly request: Request;
  /** Who calls; undefined on a public method that was called without credentials. */
  readonly auth: Principal | undefined;
  /** What it may call. Calls through them count in the budget of the public call, and end when that does. */
  readonly upstreams: Upstreams;
  /** Aborts when the call ends early. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/** What a call of an upstream may say. */
export interface UpstreamOptions {
  /** Shortens the public call's own deadline. */
  readonly timeoutMs?: number;
}

/** What a resolver gives: undefined leaves the field unset. */
export type Resolved<T> = T | undefined | Promise<T | undefined>;

/** The internal methods that resolvers may call: by resolver, by service, then by the name of the function. */
export type ClientTable = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, ClientMethod>>>>>
>;

/** What calls of resolvers are made through: it has the budget that they count in. */
export interface UpstreamCaller {
  requestWriter(): Writer;
  unary(method: Method, request: Uint8Array, timeoutMs?: number): Promise<Uint8Array>;
}

interface ClientMethod {
  readonly method: Method;
  readonly input: ViewType;
  readonly output: ViewType;
}

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
}

interface ReadType {
  readonly kind?: Kind;
  readonly key?: ViewField["key"];
}

/** The call that a resolver runs in, and how its request is opened. */
export interface Resolving {
  readonly call: Call;
  readonly request?: () => View;
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
  const clients = clientsOf(first.resolving.call, spec.name, caller);
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
  spec: ResolverSpec,
  { reads, resolving }: AskedRow,
  clients: Clients,
): Promise<Uint8Array> {
  const { call, request } = resolving;
  const plain: Record<string, unknown> = {};
  for (const [name, { kind, key }] of Object.entries(spec.reads)) {
    const value = plainOf(reads[name], kind, key);
    if (value !== null && value !== undefined) plain[name] = value;
  }
  const value = await run(call, spec.name, plain, request, clients);
  const w = call.output();
  naming(spec.name, () => writePlainField(w, spec.owner, spec.field, value));
  return w.finish();
}

/** Refuses a required field whose resolver gave nothing. */
export function unresolved(field: string): never {
  const cause = new Error(`the resolver of ${field} gave nothing, and the field is required`);
  throw new PorticoError(Code.INTERNAL, "internal error", { cause });
}

/** Runs a resolver; it is not waited for any longer when the call ends early. */
async function run(
  call: Call,
  name: string,
  argument: unknown,
  request: Resolving["request"],
  clients: Clients,
): Promise<unknown> {
  const resolver = call.resolvers?.functions[name];
  if (typeof resolver !== "function") {
    const cause = new Error(`no resolver "${name}" was passed`);
    throw new PorticoError(Code.INTERNAL, "internal error", { cause });
  }
  let decoded: unknown;
  const context: ResolverContext = {
    get request() {
      if (request !== undefined) decoded ??= plainMessage(request());
      return decoded;
    },
    auth: call.principal,
    upstreams: clients,
    signal: call.signal,
    requestId: call.requestId,
  };
  let release = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    release = call.onCancel(() => reject(call.failure));
  });
  try {
    return await Promise.race([ended, (async () => resolver(argument, context) as unknown)()]);
  } finally {
    release();
  }
}

/** What a resolver gave cannot be written: the log says which, the client does not hear of it. */
function naming(name: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    if (!(thrown instanceof PlainValueError)) throw thrown;
    const cause = new Error(`the resolver "${name}" gave a wrong value: ${thrown.message}`, {
      cause: thrown,
    });
    throw new PorticoError(Code.INTERNAL, "internal error", { cause });
  }
}

type Clients = Readonly<
  Record<string, Readonly<Record<string, (request: unknown, options?: UpstreamOptions) => Promise<unknown>>>>
>;

/** Functions for what a resolver may call, and for nothing else. */
function clientsOf({ resolvers }: Call, name: string, caller: UpstreamCaller): Clients {
  const services = Object.entries(resolvers?.clients[name] ?? {});
  return Object.fromEntries(
    services.map(([service, methods]) => [
      service,
      Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, clientOf(caller, method)])),
    ]),
  );
}

function clientOf(caller: UpstreamCaller, { method, input, output }: ClientMethod) {
  return async (request: unknown = {}, { timeoutMs }: UpstreamOptions = {}): Promise<unknown> => {
    const w = caller.requestWriter();
    writePlain(w, input, request);
    const reply = new Reader(await caller.unary(method, w.finish(), timeoutMs), method.path);
    return plainMessage(new View(output, reply, 0, reply.byteLength));
  };
}
