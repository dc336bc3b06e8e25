import { Budget } from "../call/budget.js";
import type { Call } from "../call/call.js";
import { toPorticoError } from "../call/error.js";
import { Requests } from "../call/requests.js";
import { View, type ViewType } from "../cel/view.js";
import type { Reader } from "../wire/reader.js";
import { writePlain } from "./encode.js";
import { plainMessage } from "./plain.js";
import { type AskedRow, type GuardedFields, plainReads, type ResolverSpec } from "./resolver.js";
import {
  type CallContext,
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

/** What the hand-written function of a method is given beside the request. */
export interface MethodContext<Calls = unknown, Upstreams = unknown> extends CallContext<Upstreams> {
  /** What the method's calls answered, decoded; that of the call without a name is `source`. */
  readonly calls: Calls;
}

/** What the function of a method gives: the whole response. */
export type Answered<T> = T | Promise<T>;

/** What the annotation of a method says of its resolver. */
export interface MethodResolver {
  readonly name: string;
  readonly request: () => ViewType;
  readonly response: () => ViewType;
  /** How what calls answered is decoded. */
  readonly reads: ResolverSpec["reads"];
  readonly allow?: GuardedFields;
}

type Results = AskedRow["reads"];

/** The response of a method that is written by hand, encoded. */
export async function resolveMethod(
  call: Call,
  spec: MethodResolver,
  request: Reader | Requests,
  results: Results,
  sets?: readonly ResolverSet[],
): Promise<Uint8Array> {
  return encode(call, spec, await untilEnd(call, () => start(call, spec, request, results, sets, call)));
}

/** The responses of a method that answers with a stream, one after the other: the next is asked for once one is sent. */
export async function* resolveStream(
  call: Call,
  spec: MethodResolver,
  request: Reader | Requests,
  results: Results,
  sets?: readonly ResolverSet[],
): AsyncGenerator<Uint8Array, void> {
  // What was called before counts for the first message.
  let budget: Budget | undefined;
  const answers = await untilEnd(call, () =>
    start(call, spec, request, results, sets, {
      requestWriter: () => call.requestWriter(),
      unary: (method, bytes, timeoutMs) => call.unary(method, bytes, timeoutMs, budget),
    }),
  );
  const iterator = iteratorOf(answers, spec);
  let isOver = false;
  try {
    for (;;) {
      const result = await untilEnd(call, () => iterator.next());
      if (typeof result !== "object" || result === null)
        throw internal(new Error(`the resolver "${spec.name}" gave no iterator`));
      isOver = result.done === true;
      if (isOver) return;
      yield encode(call, spec, result.value);
      budget = new Budget(call.limits);
    }
  } finally {
    // It may be waiting for something that never comes: nobody waits for it.
    if (!isOver) leave(iterator);
  }
}

function start(
  call: Call,
  { name, request: type, reads }: MethodResolver,
  request: Reader | Requests,
  results: Results,
  sets: readonly ResolverSet[] | undefined,
  caller: UpstreamCaller,
): unknown {
  const context: MethodContext = Object.assign(contextOf(call, clientsOf(call, name, caller, sets)), {
    // They count in the `max_rows` of their calls.
    calls: plainReads(reads, results, ({ reader }) => reader.row()),
  });
  const given = request instanceof Requests ? decoded(call, request, type()) : plain(request, type());
  return functionOf(call, name)(given, context);
}

function plain(request: Reader, type: ViewType): Record<string, unknown> {
  return plainMessage(new View(type, request, 0, request.byteLength));
}

/** One that is malformed, or that the caller may not send, ends the call, whatever the function makes of it. */
async function* decoded(call: Call, requests: Requests, type: ViewType): AsyncGenerator<unknown, void> {
  try {
    for await (const request of requests) yield plain(request, type);
  } catch (thrown) {
    const failure = toPorticoError(thrown);
    call.cancel(failure);
    throw failure;
  }
}

function encode(call: Call, { name, response, allow }: MethodResolver, answer: unknown): Uint8Array {
  const w = call.output();
  const nesting = { depth: 1, omits: omitsOf(call, allow) };
  naming(name, () => writePlain(w, response(), answer, nesting));
  return w.finish();
}

function iteratorOf(answers: unknown, { name }: MethodResolver): AsyncIterator<unknown> {
  const make = (answers as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator];
  if (typeof make !== "function") throw internal(new Error(`the resolver "${name}" gave no async iterable`));
  return make.call(answers as AsyncIterable<unknown>);
}

function leave(iterator: AsyncIterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(() => {});
  } catch {
    // The call has its end already.
  }
}
