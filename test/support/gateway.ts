import type { FileRegistry, JsonValue } from "@bufbuild/protobuf";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import {
  Call,
  Code,
  defaultLimits,
  type GatewayApi,
  type Limits,
  type Method,
  type PorticoError,
  type Principal,
  type Upstream,
  type UpstreamContext,
  UpstreamError,
} from "@portico/runtime";
import { toPorticoError } from "../../runtime/src/call/error.js";
import { type Compiled, compile, load } from "./compile.js";
import { encodeAll, handle, type Request, type Requests } from "./handle.js";
import { methodOf } from "./invoke.js";

/** Answers an upstream method: JSON, raw bytes, or a list of either (a stream); throws (or rejects with) what fails. */
// biome-ignore lint/suspicious/noExplicitAny: requests are JSON, whose form the test knows.
export type Answer = (request: any, context: UpstreamContext) => unknown;
export type Answers = Readonly<Record<string, Answer>>;

/** Two .proto files, compiled, and their generated handlers. */
export interface Gateway {
  readonly compiled: Compiled;
  readonly api: GatewayApi;
  run(answers: Answers, options?: RunOptions): Promise<Run>;
}

export interface RunOptions {
  /** "pub.Service/Method"; default: the first route. */
  readonly method?: string;
  readonly request?: Request;
  /** Of a method that takes a stream of them. */
  readonly requests?: Requests;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Of the caller, where there are claims; default "u1". */
  readonly subject?: string;
  /** Of the caller, where there are claims or these. */
  readonly roles?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly timeoutMs?: number;
  /** The headers that are forwarded. */
  readonly metadata?: ReadonlyArray<readonly [string, string]>;
  readonly config?: Readonly<Record<string, string>>;
  /** Of a stream: leaves after so many messages. */
  readonly take?: number;
  /** Of a stream: called with each message; the next one is asked for when it is done. */
  readonly onMessage?: () => Promise<void>;
  /** Sees the call before it starts. */
  readonly onCall?: (call: Call) => void;
}

export interface Run {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly response?: any;
  readonly error?: PorticoError;
  /** Of a stream: the messages so far. */
  readonly messages: readonly JsonValue[];
  readonly upstream: TestUpstream;
  readonly call: Call;
  /** What a method was asked, in order. */
  asked(method: string): JsonValue[];
}

/** An upstream in memory that answers when its answers do, and keeps account. */
export class TestUpstream implements Upstream {
  readonly calls: Array<{ method: string; request: JsonValue }> = [];
  /** What started and ended, in order: "+in.Api/Get", "-in.Api/Get", "x…" for what was cancelled. */
  readonly log: string[] = [];
  inFlight = 0;
  peak = 0;

  constructor(
    readonly compiled: Compiled,
    readonly answers: Answers,
  ) {}

  async unary(method: Method, bytes: Uint8Array, context: UpstreamContext): Promise<Uint8Array> {
    const name = this.#begin(method, bytes);
    const { desc, registry } = this.#find(method);
    let release = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      const cancelled = new Promise<never>((_, reject) => {
        release = context.onCancel(() => {
          this.log.push(`x${name}`);
          reject(new UpstreamError(Code.CANCELLED, "cancelled", method));
        });
        timer = setTimeout(
          () => reject(new UpstreamError(Code.DEADLINE_EXCEEDED, "too slow: 10.0.0.7", method)),
          Math.max(0, context.deadlineMs - Date.now()),
        );
      });
      const answer = await Promise.race([this.#answer(method, bytes, context), cancelled]);
      return answer instanceof Uint8Array
        ? answer
        : toBinary(desc.output, fromJson(desc.output, answer as JsonValue, { registry }));
    } finally {
      clearTimeout(timer);
      release();
      this.inFlight--;
      this.log.push(`-${name}`);
    }
  }

  /** The answer is a list of messages, one a tick, or gives them when it likes (an AsyncIterable). */
  async *serverStream(
    method: Method,
    bytes: Uint8Array,
    context: UpstreamContext,
  ): AsyncIterable<Uint8Array> {
    const name = this.#begin(method, bytes);
    const { desc, registry } = this.#find(method);
    const cancelled = cancellation(method, context);
    let done = false;
    try {
      const answer = await this.#answer(method, bytes, context);
      const messages = iteratorOf(answer);
      for (;;) {
        if (Array.isArray(answer)) await tick();
        const { value: message, done: isOver } = await Promise.race([messages.next(), cancelled.promise]);
        if (isOver) break;
        if (message instanceof Error) throw message;
        yield message instanceof Uint8Array
          ? message
          : toBinary(desc.output, fromJson(desc.output, message as JsonValue, { registry }));
      }
      done = true;
    } finally {
      cancelled.release();
      this.inFlight--;
      this.log.push(`${done ? "-" : "x"}${name}`);
    }
  }

  /** The answer is given the requests as they come (an AsyncIterable of JSON), and is the reply. */
  async clientStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): Promise<Uint8Array> {
    const stream = this.#open(method, requests, context);
    try {
      const reply = await Promise.race([stream.answer(), stream.cancelled]);
      stream.isDone = true;
      return stream.encode(reply);
    } finally {
      stream.close();
    }
  }

  /** The answer is given the requests as they come, and gives messages (an Iterable or AsyncIterable). */
  async *bidiStream(
    method: Method,
    requests: AsyncIterable<Uint8Array>,
    context: UpstreamContext,
  ): AsyncIterable<Uint8Array> {
    const stream = this.#open(method, requests, context);
    try {
      const messages = iteratorOf(await Promise.race([stream.answer(), stream.cancelled]));
      for (;;) {
        const { value, done } = await Promise.race([messages.next(), stream.cancelled]);
        if (done) break;
        if (value instanceof Error) throw value;
        yield stream.encode(value);
      }
      stream.isDone = true;
    } finally {
      stream.close();
    }
  }

  /** A stream of requests: each is noted in `calls` when the answer takes it. */
  #open(method: Method, requests: AsyncIterable<Uint8Array>, context: UpstreamContext) {
    const { desc, registry } = this.#find(method);
    const name = method.path.slice(1);
    const taken = requests[Symbol.asyncIterator]();
    const { calls } = this;
    const count = this;
    this.log.push(`+${name}`);
    this.peak = Math.max(this.peak, ++this.inFlight);
    const { promise: cancelled, release } = cancellation(method, context);
    const json = async function* () {
      for (;;) {
        const { value, done } = await taken.next();
        if (done) return;
        const request = toJson(desc.input, fromBinary(desc.input, value), { registry });
        calls.push({ method: name, request });
        yield request;
      }
    };
    return {
      cancelled,
      isDone: false,
      answer: async (): Promise<unknown> => {
        await tick();
        const answer = this.answers[name];
        if (answer === undefined) throw new UpstreamError(Code.UNIMPLEMENTED, "no answer", method);
        return answer(json(), context);
      },
      encode: (message: unknown) =>
        message instanceof Uint8Array
          ? message
          : toBinary(desc.output, fromJson(desc.output, message as JsonValue, { registry })),
      close() {
        release();
        void taken.return?.();
        count.inFlight--;
        count.log.push(`${this.isDone ? "-" : "x"}${name}`);
      },
    };
  }

  async close(): Promise<void> {}

  #find(method: Method) {
    const { registry } = this.compiled;
    return { registry, desc: methodOf(registry, method.path) };
  }

  #begin(method: Method, bytes: Uint8Array): string {
    const { desc, registry } = this.#find(method);
    const name = method.path.slice(1);
    this.calls.push({
      method: name,
      request: toJson(desc.input, fromBinary(desc.input, bytes), { registry }),
    });
    this.log.push(`+${name}`);
    this.peak = Math.max(this.peak, ++this.inFlight);
    return name;
  }

  async #answer(method: Method, bytes: Uint8Array, context: UpstreamContext): Promise<unknown> {
    // A real upstream never answers in the same tick.
    await tick();
    const { desc, registry } = this.#find(method);
    const answer = this.answers[method.path.slice(1)];
    if (answer === undefined) throw new UpstreamError(Code.UNIMPLEMENTED, "no answer", method);
    return answer(toJson(desc.input, fromBinary(desc.input, bytes), { registry }), context);
  }
}

/** Rejects when the public call ends; to be released, so that nothing is left behind. */
function cancellation(method: Method, context: UpstreamContext) {
  let release = () => {};
  const promise = new Promise<never>((_, reject) => {
    release = context.onCancel(() => reject(new UpstreamError(Code.CANCELLED, "cancelled", method)));
  });
  promise.catch(() => {});
  return { promise, release };
}

function iteratorOf(answer: unknown): { next(): Promise<IteratorResult<unknown>> } {
  const iterable = answer as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const asynchronous = iterable[Symbol.asyncIterator];
  if (asynchronous !== undefined) return asynchronous.call(iterable);
  const iterator = iterable[Symbol.iterator]!();
  return { next: async () => iterator.next() };
}

export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Fails as an upstream does. */
export function failure(code: number, text = "internal text of 10.0.0.7"): UpstreamError {
  return new UpstreamError(code, text, { service: "s", name: "m", path: "/s/m", kind: "unary" });
}

const header = (packageName: string, more = "") => `syntax = "proto3";\npackage ${packageName};\n${more}`;

/** Sources of an internal and a public file, without their headers: packages `in` and `pub`. */
export function sourcesOf(internal: string, publicText: string) {
  return {
    "internal.proto": header("in") + internal,
    "public.proto": header("pub", 'import "portico/v1/options.proto";\n') + publicText,
  };
}

/** Compiles an internal and a public file and loads what is generated. */
export async function gateway(internal: string, publicText: string): Promise<Gateway> {
  const compiled = compile(sourcesOf(internal, publicText));
  const api = await load(compiled);
  return { compiled, api, run: (answers, options) => run(compiled, api, answers, options) };
}

async function run(
  compiled: Compiled,
  api: GatewayApi,
  answers: Answers,
  options: RunOptions = {},
): Promise<Run> {
  const { registry } = compiled;
  const path = options.method === undefined ? api.routes[0]!.path : `/${options.method}`;
  const route = api.routes.find((candidate) => candidate.path === path);
  if (route === undefined) throw new Error(`no route ${path}`);
  const desc = methodOf(registry, path);
  const request = options.request ?? {};
  const bytes =
    request instanceof Uint8Array
      ? request
      : toBinary(desc.input, fromJson(desc.input, request, { registry }));
  const upstream = new TestUpstream(compiled, answers);
  const principal: Principal | undefined =
    options.claims === undefined && options.roles === undefined
      ? undefined
      : ({
          subject: options.subject ?? "u1",
          roles: options.roles ?? [],
          scopes: [],
          claims: options.claims ?? {},
        } as unknown as Principal);
  const call = new Call({
    upstream,
    limits: { ...defaultLimits, ...options.limits },
    maxCalls: route.maxCalls,
    requestId: "test",
    deadlineMs: Date.now() + (options.timeoutMs ?? 10_000),
    principal,
    metadata: options.metadata ?? [],
    ...(options.config && { config: options.config }),
  });
  options.onCall?.(call);
  const asked = (method: string) =>
    upstream.calls.filter((made) => made.method === method).map((made) => made.request);
  const decode = (message: Uint8Array) => toJson(desc.output, fromBinary(desc.output, message), { registry });
  const messages: JsonValue[] = [];
  const over = { upstream, call, asked, messages };
  try {
    const requests = encodeAll(options.requests ?? [], desc.input, registry);
    const result = handle(route, bytes, requests, call);
    if (result instanceof Promise) return { ...over, response: decode(await result) };
    for await (const message of result) {
      messages.push(decode(message));
      await options.onMessage?.();
      if (messages.length === options.take) break;
    }
    return { ...over, response: messages };
  } catch (thrown) {
    return { ...over, error: toPorticoError(thrown) };
  } finally {
    // What was cancelled ends a moment later.
    await tick();
    await tick();
  }
}

/** JSON as the bytes of a message. */
export function encoded(registry: FileRegistry, typeName: string, json: JsonValue): Uint8Array {
  const desc = registry.getMessage(typeName);
  if (desc === undefined) throw new Error(`no message ${typeName}`);
  return toBinary(desc, fromJson(desc, json, { registry }));
}
