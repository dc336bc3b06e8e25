import type { Principal } from "../auth/principal.js";
import type { Call } from "../call/call.js";
import { Code, PorticoError } from "../call/error.js";
import { View } from "../cel/view.js";
import type { Method } from "../upstream/upstream.js";
import { Reader } from "../wire/reader.js";
import type { Writer } from "../wire/writer.js";
import { type Omits, PlainValueError, writePlain } from "./encode.js";
import { plainMessage, propertyOf } from "./plain.js";
import type { ClientMethod, GuardedFields } from "./resolver.js";

/** What hand-written functions are given beside what they work on. */
export interface CallContext<Upstreams = unknown> {
  /** Who calls; undefined on a public method that was called without credentials. */
  readonly auth: Principal | undefined;
  /** The request headers that are forwarded (the gateway's `forwardHeaders`), by name. */
  readonly metadata: ReadonlyMap<string, string>;
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

/** What calls of resolvers are made through: it has the budget that they count in. */
export interface UpstreamCaller {
  requestWriter(): Writer;
  unary(method: Method, request: Uint8Array, timeoutMs?: number): Promise<Uint8Array>;
}

/** The function that was passed for a name. */
export function functionOf({ resolvers }: Call, name: string): (...given: unknown[]) => unknown {
  const resolver = resolvers?.functions[name];
  // It may use others of its object.
  if (typeof resolver === "function") return resolver.bind(resolvers?.functions);
  throw internal(new Error(`no resolver "${name}" was passed`));
}

export function contextOf(call: Call, upstreams: Clients): CallContext {
  return {
    auth: call.principal,
    get metadata() {
      return new Map(call.metadata);
    },
    upstreams,
    signal: call.signal,
    requestId: call.requestId,
  };
}

/** Waits for hand-written code, but no longer than the call lasts. */
export async function untilEnd<T>(call: Call, work: () => T | Promise<T>): Promise<T> {
  if (call.failure !== undefined) throw call.failure;
  let release = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    release = call.onCancel(() => reject(call.failure));
  });
  try {
    return await Promise.race([ended, (async () => work())()]);
  } finally {
    release();
  }
}

/** What a resolver gave cannot be written: the log says which, the client does not hear of it. */
export function naming(name: string, write: () => void): void {
  try {
    write();
  } catch (thrown) {
    if (!(thrown instanceof PlainValueError)) throw thrown;
    throw internal(
      new Error(`the resolver "${name}" gave a wrong value: ${thrown.message}`, { cause: thrown }),
    );
  }
}

/** The gateway's own fault. */
export function internal(cause: Error): PorticoError {
  return new PorticoError(Code.INTERNAL, "internal error", { cause });
}

/** The fields that are not written for who calls. */
export function omitsOf(call: Call, allow: GuardedFields | undefined): Omits | undefined {
  if (allow === undefined) return undefined;
  return (owner, field) => {
    const policy = allow.get(`${owner}.${field}`);
    return policy !== undefined && !call.may(policy, call.request);
  };
}

export type Clients = Readonly<
  Record<string, Readonly<Record<string, (request: unknown, options?: UpstreamOptions) => Promise<unknown>>>>
>;

/** What annotations say of the requests of a method that a function calls, whatever the function says there. */
export interface ResolverSet {
  readonly method: Method;
  readonly bytes: Uint8Array;
  /** The fields that the function cannot say: "filter.tenant_id". */
  readonly paths: readonly string[];
}

/** Functions for what a resolver may call, and for nothing else. */
export function clientsOf(
  { resolvers }: Call,
  name: string,
  caller: UpstreamCaller,
  sets: readonly ResolverSet[] = [],
): Clients {
  const services = Object.entries(resolvers?.clients[name] ?? {});
  return Object.fromEntries(
    services.map(([service, methods]) => [
      service,
      Object.fromEntries(
        Object.entries(methods).map(([name, client]) => [
          name,
          clientOf(
            caller,
            client,
            sets.find(({ method }) => method.path === client.method.path),
          ),
        ]),
      ),
    ]),
  );
}

function clientOf(
  caller: UpstreamCaller,
  { method, input, output }: ClientMethod,
  set: ResolverSet | undefined,
) {
  return async (request: unknown = {}, { timeoutMs }: UpstreamOptions = {}): Promise<unknown> => {
    const w = caller.requestWriter();
    writePlain(w, input, set === undefined ? request : withoutPaths(request, set.paths));
    // Behind what the function says: of two values the last one counts, and messages merge.
    if (set !== undefined) w.raw(set.bytes);
    const reply = new Reader(await caller.unary(method, w.finish(), timeoutMs), method.path);
    return plainMessage(new View(output, reply, 0, reply.byteLength));
  };
}

/** A request without what is set in it: lists and maps would be those of both. */
function withoutPaths(request: unknown, paths: readonly string[]): unknown {
  return paths.reduce((rest, path) => without(rest, path.split(".").map(propertyOf)), request);
}

function without(value: unknown, [property, ...inner]: readonly string[]): unknown {
  // What is no object is refused when it is written.
  if (typeof value !== "object" || value === null || property === undefined) return value;
  if (!Object.hasOwn(value, property)) return value;
  const { [property]: old, ...rest } = value as Record<string, unknown>;
  return inner.length === 0 ? rest : { ...rest, [property]: without(old, inner) };
}
