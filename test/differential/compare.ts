import type { FileRegistry } from "@bufbuild/protobuf";
import type { ReflectList, ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  Call,
  defaultLimits,
  type Method,
  type Principal,
  type Upstream,
  UpstreamError,
} from "@portico/runtime";
import type { LookupPlan, MethodPlan, Translator, UpstreamMethod } from "../../plugin/src/plan/types.js";
import type { Field } from "../../plugin/src/source/model.js";
import { PorticoError, toPorticoError } from "../../runtime/src/call/error.js";
import { CelError } from "../../runtime/src/cel/error.js";
import { WireError } from "../../runtime/src/wire/error.js";
import { Malformed } from "../reference/cursor.js";
import { decode } from "../reference/decode.js";
import { encode } from "../reference/encode.js";
import { interpret, type Reference, type Upstreams } from "../reference/interpreter.js";
import { empty, MALFORMED_JSON } from "../reference/object.js";
import { plain } from "../reference/plain.js";
import type { World } from "./worlds.js";

/** One public request, what upstreams answer to whatever they are asked, and who asks. */
export interface Case {
  readonly request: Uint8Array;
  /** By method, "pkg.Service/Method". */
  readonly replies: ReadonlyMap<string, Uint8Array | readonly Uint8Array[] | { readonly code: number }>;
  readonly principal: Principal | undefined;
}

/** What a generated handler does. */
export interface Outcome {
  readonly responses: readonly Uint8Array[];
  readonly code: number | undefined;
  readonly error: unknown;
  readonly asked: ReadonlyArray<{ readonly path: string; readonly request: Uint8Array }>;
  /** The trailer `portico-degraded`. */
  readonly degraded: string | undefined;
}

export async function handle(world: World, plan: MethodPlan, data: Case): Promise<Outcome> {
  const asked: Array<{ path: string; request: Uint8Array }> = [];
  const answer = (method: Method, request: Uint8Array) => {
    asked.push({ path: method.path.slice(1), request });
    const reply = data.replies.get(method.path.slice(1));
    if (reply === undefined) throw new Error(`no reply of ${method.path}`);
    if ("code" in reply) throw new UpstreamError(reply.code, "internal text", method);
    return reply;
  };
  const upstream = {
    unary: async (method: Method, request: Uint8Array) => answer(method, request) as Uint8Array,
    async *serverStream(method: Method, request: Uint8Array) {
      yield* answer(method, request) as readonly Uint8Array[];
    },
    close: async () => {},
  } as unknown as Upstream;
  const route = world.api.routes.find(({ path }) => path === `/${plan.service.typeName}/${plan.desc.name}`)!;
  const call = new Call({
    upstream,
    limits: defaultLimits,
    requestId: "",
    deadlineMs: Date.now() + 600_000,
    principal: data.principal,
    metadata: [],
  });
  const responses: Uint8Array[] = [];
  try {
    if (route.kind === "unary") responses.push(await route.handler(data.request, call));
    else {
      const stream = route.handler as unknown as (
        request: Uint8Array,
        call: Call,
      ) => AsyncIterable<Uint8Array>;
      for await (const message of stream(data.request, call)) responses.push(message);
    }
    return { responses, code: undefined, error: undefined, asked, degraded: call.degraded };
  } catch (error) {
    return { responses, code: toPorticoError(error).code, error, asked, degraded: call.degraded };
  }
}

export function expected(plan: MethodPlan, data: Case, lenient = false): Reference {
  const answer: Upstreams = (method) => data.replies.get(`${method.service}/${method.name}`)!;
  return interpret(plan, data.request, answer, data.principal, lenient);
}

/** Whether an error is one that handlers throw on purpose. */
export function isOurs(error: unknown): boolean {
  return error instanceof WireError || error instanceof PorticoError || error instanceof CelError;
}

function isWireError(error: unknown): boolean {
  return error instanceof WireError || (error instanceof PorticoError && error.cause instanceof WireError);
}

export interface Difference {
  readonly what: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/**
 * How a handler differs from the reference. `malformed`: bytes may be malformed in places that a handler need not look
 * at, or where the reference does not.
 */
export async function difference(
  world: World,
  plan: MethodPlan,
  data: Case,
  malformed = false,
  onCode: (code: number | undefined) => void = () => {},
): Promise<Difference | undefined> {
  const actual = await handle(world, plan, data);
  onCode(actual.code);
  if (actual.error !== undefined && !isOurs(actual.error))
    return { what: "a crash", actual: actual.error, expected: "an error of ours" };
  let reference = expected(plan, data);
  // What is overwritten by a later occurrence, or dropped, need not be well-formed to be passed over.
  if (malformed && actual.code === undefined && reference.code !== undefined)
    reference = expected(plan, data, true);
  if (malformed && reference.why === MALFORMED_JSON) return undefined;
  if (actual.code !== reference.code) {
    // What is wrong in two ways may be refused for either; what is malformed may be found by who walks over it.
    if (reference.code !== undefined && actual.code !== undefined)
      return malformed ? undefined : askedInVain(plan, actual, reference);
    if (malformed && isWireError(actual.error) && isMalformed(plan, data)) return undefined;
    return {
      what: "the code",
      actual: actual.code === undefined ? undefined : `${actual.code} ${(actual.error as Error).message}`,
      expected: reference.code === undefined ? undefined : `${reference.code} ${reference.why}`,
    };
  }
  const inVain = malformed || reference.code === undefined ? undefined : askedInVain(plan, actual, reference);
  return inVain ?? compareAll(world.registry, plan, actual, reference);
}

/** What can be refused before anything is called is, and nothing is written in vain. */
function askedInVain(plan: MethodPlan, { asked }: Outcome, reference: Reference): Difference | undefined {
  const paths = new Set(asked.map(({ path }) => path));
  if (reference.isRefused && paths.size > 0)
    return { what: "what was asked by a refused request", actual: [...paths], expected: reference.why };
  for (const { effect, method } of plan.calls) {
    const isAsked = reference.asked.some((one) => one.method === method);
    if (effect !== "READ" && !isAsked && paths.has(`${method.service}/${method.name}`))
      return { what: "what was written in vain", actual: method.name, expected: reference.why };
  }
  return undefined;
}

function isMalformed(plan: MethodPlan, { request, replies }: Case): boolean {
  const types = new Map<string, UpstreamMethod>();
  for (const { method } of plan.calls) types.set(`${method.service}/${method.name}`, method);
  for (const { method } of lookupsOf(plan.translator)) types.set(`${method.service}/${method.name}`, method);
  const isBroken = (desc: Parameters<typeof decode>[0], bytes: Uint8Array) => {
    try {
      decode(desc, bytes, { strict: true });
      return false;
    } catch (error) {
      if (error instanceof Malformed) return true;
      throw error;
    }
  };
  if (isBroken(plan.request.desc!, request)) return true;
  return [...types].some(([name, method]) => {
    const reply = replies.get(name);
    const all = reply instanceof Uint8Array ? [reply] : Array.isArray(reply) ? (reply as Uint8Array[]) : [];
    return all.some((bytes) => isBroken(method.output.desc!, bytes));
  });
}

function compareAll(
  registry: FileRegistry,
  plan: MethodPlan,
  actual: Outcome,
  reference: Reference,
): Difference | undefined {
  const show = (desc: Parameters<typeof decode>[0], bytes: Uint8Array): unknown => {
    const unknown: string[] = [];
    const message = decode(desc, bytes, {
      strict: true,
      onUnknown: (number, { typeName }) => unknown.push(`${typeName} ${number}`),
    });
    return unknown.length > 0 ? { unknown } : plain(message, registry);
  };
  const responses = (list: readonly Uint8Array[]) => list.map((bytes) => show(plan.response.desc!, bytes));
  const { why } = reference;
  const what = why === "" ? "the response" : `the response (the reference: ${why})`;
  // A stream that fails may fail a few messages earlier: those that come together share their calls.
  const count =
    reference.code === undefined
      ? Number.POSITIVE_INFINITY
      : Math.min(actual.responses.length, reference.responses.length);
  const unequal = unlike(
    what,
    responses(actual.responses.slice(0, count)),
    responses(reference.responses.slice(0, count)),
  );
  if (unequal !== undefined || reference.code !== undefined) return unequal;
  const degraded = [...reference.degraded].sort().join(",");
  const isKnown = !reference.degraded.has("?");
  const isOpen = reference.degraded.has("*");
  const differs = isOpen
    ? false
    : isKnown
      ? (actual.degraded ?? "") !== degraded
      : actual.degraded === undefined || actual.degraded === "";
  if (differs) return { what: "what is degraded", actual: actual.degraded, expected: degraded };
  const wanted = reference.asked.map(({ method, request }) => ({
    path: `${method.service}/${method.name}`,
    request,
  }));
  return compareAsked(registry, plan, actual.asked, wanted);
}

function unlike(what: string, actual: unknown, expected: unknown): Difference | undefined {
  return JSON.stringify(actual) === JSON.stringify(expected) ? undefined : { what, actual, expected };
}

/** How requests differ: in any order, those of joins key by key. */
export function compareAsked(
  registry: FileRegistry,
  plan: MethodPlan,
  actual: readonly AskedBytes[],
  wanted: readonly AskedBytes[],
): Difference | undefined {
  const lookups = lookupsOf(plan.translator);
  const methods = [...plan.calls, ...lookups].map(({ method }) => method);
  const lists: string[][] = [];
  for (const asked of [actual, wanted]) {
    const calls: string[] = [];
    const keys = new Set<string>();
    for (const { path, request } of asked) {
      const { input } = methods.find(({ service, name }) => path === `${service}/${name}`)!;
      const message = decode(input.desc!, request, { strict: true });
      const text = (one: ReflectMessage) => `${path} ${JSON.stringify(plain(one, registry))}`;
      const lookup = lookups.find(({ method }) => path === `${method.service}/${method.name}`);
      if (lookup === undefined) {
        calls.push(text(message));
        continue;
      }
      const batch = keysOf(message, lookup).map(text);
      if (batch.length > lookup.batchSize)
        return { what: `a batch of ${path}`, actual: batch.length, expected: lookup.batchSize };
      if (new Set(batch).size < batch.length)
        return { what: "a batch with a key twice", actual: batch, expected: [] };
      for (const key of batch) keys.add(key);
    }
    lists.push([...calls.sort(), ...[...keys].sort()]);
  }
  return unlike("what was asked", lists[0], lists[1]);
}

interface AskedBytes {
  readonly path: string;
  readonly request: Uint8Array;
}

/** A request for a batch of keys, as one request for each. */
function keysOf(request: ReflectMessage, { ask }: LookupPlan): ReflectMessage[] {
  const path = ask.find((fields) => fields.some((field) => field.cardinality === "repeated"));
  if (path === undefined) return [request];
  const steps = path.slice(0, path.findIndex((field) => field.cardinality === "repeated") + 1);
  const count = listAt(request, steps).size;
  return Array.from({ length: count }, (_, number) => {
    const copy = decode(request.desc, encode(request));
    const list = listAt(copy, steps);
    const one = list.get(number)!;
    list.clear();
    list.add(one);
    return copy;
  });
}

function listAt(message: ReflectMessage, [step, ...rest]: readonly Field[]): ReflectList {
  if (rest.length === 0) return message.get(step!.desc!) as ReflectList;
  const inner = message.isSet(step!.desc!)
    ? (message.get(step!.desc!) as ReflectMessage)
    : empty(message.desc);
  return listAt(inner, rest);
}

/** How rows are fetched, anywhere in a response. */
export function lookupsOf(start: Translator): LookupPlan[] {
  const lookups = new Map<string, LookupPlan>();
  const seen = new Set<Translator>();
  const visit = (translator: Translator): void => {
    if (seen.has(translator)) return;
    seen.add(translator);
    for (const { lookup } of translator.joins) {
      const paths = [...lookup.ask, lookup.row, ...(lookup.match ?? [])].map((path) =>
        path.map((f) => f.name).join("."),
      );
      lookups.set([lookup.method.service, lookup.method.name, ...paths].join(" "), lookup);
    }
    for (const { conversion } of translator.fields) {
      const inner = conversion.kind === "map" ? conversion.value : conversion;
      if (inner.kind === "message") visit(inner.translator);
      if (inner.kind === "any") inner.types.forEach(visit);
    }
  };
  visit(start);
  return [...lookups.values()];
}
