import {
  create,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
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
  UpstreamError,
} from "@portico/runtime";
import { toPorticoError } from "../../runtime/src/call/error.js";
import { encodeAll, handle, type Requests } from "./handle.js";

/** Answers an upstream method: JSON, raw bytes, a list of either (a stream), or an UpstreamError that is thrown. */
export type Answer = (request: JsonValue, bytes: Uint8Array) => unknown;

/** An upstream in memory that answers by method ("pkg.Service/Method") and notes what it was asked. */
export class FakeUpstream implements Upstream {
  readonly calls: Array<{ method: string; request: JsonValue; bytes: Uint8Array }> = [];

  constructor(
    readonly registry: FileRegistry,
    readonly answers: Readonly<Record<string, Answer>>,
  ) {}

  async unary(method: Method, request: Uint8Array): Promise<Uint8Array> {
    // A real upstream never answers in the same tick.
    await new Promise((resolve) => setImmediate(resolve));
    const { desc, answer } = this.#answer(method, request);
    return this.#encode(desc.output, answer);
  }

  async *serverStream(method: Method, request: Uint8Array): AsyncIterable<Uint8Array> {
    const { desc, answer } = this.#answer(method, request);
    for (const message of answer as unknown[]) {
      await new Promise((resolve) => setImmediate(resolve));
      yield this.#encode(desc.output, message);
    }
  }

  /** Answers when it has all requests: the answer is given the list of them. */
  async clientStream(method: Method, requests: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const { desc, answer } = await this.#answerAll(method, requests);
    return this.#encode(desc.output, answer);
  }

  /** As `clientStream`, with a list of messages as answer. */
  async *bidiStream(method: Method, requests: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const { desc, answer } = await this.#answerAll(method, requests);
    for (const message of answer as unknown[]) yield this.#encode(desc.output, message);
  }

  async close(): Promise<void> {}

  /** Fails as an upstream does. */
  static error(code: number, text = "internal text of 10.0.0.7"): UpstreamError {
    return new UpstreamError(code, text, { service: "s", name: "m", path: "/s/m", kind: "unary" });
  }

  #answer(method: Method, bytes: Uint8Array): { desc: DescMethod; answer: unknown } {
    const desc = methodOf(this.registry, method.path);
    const request = toJson(desc.input, fromBinary(desc.input, bytes), { registry: this.registry });
    const name = method.path.slice(1);
    this.calls.push({ method: name, request, bytes });
    const answer = this.answers[name];
    if (answer === undefined) throw new UpstreamError(Code.UNIMPLEMENTED, `no answer for ${name}`, method);
    const result = answer(request, bytes);
    if (result instanceof Error) throw result;
    return { desc, answer: result };
  }

  async #answerAll(method: Method, requests: AsyncIterable<Uint8Array>) {
    const desc = methodOf(this.registry, method.path);
    const all: JsonValue[] = [];
    const name = method.path.slice(1);
    for await (const bytes of requests) {
      const request = toJson(desc.input, fromBinary(desc.input, bytes), { registry: this.registry });
      this.calls.push({ method: name, request, bytes });
      all.push(request);
    }
    const answer = this.answers[name]?.(all, new Uint8Array());
    if (answer === undefined) throw new UpstreamError(Code.UNIMPLEMENTED, `no answer for ${name}`, method);
    if (answer instanceof Error) throw answer;
    return { desc, answer };
  }

  #encode(desc: DescMessage, answer: unknown): Uint8Array {
    if (answer instanceof Uint8Array) return answer;
    return toBinary(desc, fromJson(desc, answer as JsonValue, { registry: this.registry }));
  }
}

export interface InvokeOptions {
  readonly principal?: Principal;
  readonly limits?: Partial<Limits>;
  /** Hand-written functions, by name. */
  readonly resolvers?: Readonly<Record<string, unknown>>;
  readonly onCall?: (call: Call) => void;
  /** Of a method that takes a stream of them. */
  readonly requests?: Requests;
}

/** The result of a public call. */
export interface Result {
  /** The response as JSON; of a stream, a list. */
  readonly response?: JsonValue;
  readonly bytes?: Uint8Array;
  readonly error?: PorticoError;
}

/** Calls a generated handler with a request as JSON or raw bytes. */
export async function invoke(
  api: GatewayApi,
  upstream: FakeUpstream,
  method: string,
  request: JsonValue | Uint8Array,
  options: InvokeOptions = {},
): Promise<Result> {
  const { registry } = upstream;
  const route = api.routes.find((candidate) => candidate.path === `/${method}`);
  if (route === undefined) throw new Error(`no route ${method}`);
  const desc = methodOf(registry, route.path);
  const bytes =
    request instanceof Uint8Array
      ? request
      : toBinary(desc.input, fromJson(desc.input, request, { registry }));
  const call = new Call({
    upstream,
    limits: { ...defaultLimits, ...options.limits },
    maxCalls: route.maxCalls,
    requestId: "test",
    deadlineMs: Date.now() + 10_000,
    principal: options.principal,
    metadata: [],
    resolvers: { functions: options.resolvers ?? {}, clients: api.resolvers?.clients ?? {} },
  });
  options.onCall?.(call);
  const decode = (response: Uint8Array) =>
    toJson(desc.output, fromBinary(desc.output, response), { registry });
  try {
    const result = handle(route, bytes, encodeAll(options.requests ?? [], desc.input, registry), call);
    if (result instanceof Promise) {
      const response = await result;
      return { bytes: response, response: decode(response) };
    }
    const messages: JsonValue[] = [];
    for await (const message of result) messages.push(decode(message));
    return { response: messages };
  } catch (thrown) {
    return { error: toPorticoError(thrown) };
  }
}

export function methodOf(registry: FileRegistry, path: string): DescMethod {
  const [service, name] = path.slice(1).split("/") as [string, string];
  const desc = registry.getService(service)?.methods.find((method) => method.name === name);
  if (desc === undefined) throw new Error(`no method ${path}`);
  return desc;
}

/** Encodes JSON as a message of the type. */
export function encode(registry: FileRegistry, typeName: string, json: JsonValue): Uint8Array {
  const desc = registry.getMessage(typeName);
  if (desc === undefined) throw new Error(`no message ${typeName}`);
  return toBinary(desc, fromJson(desc, json, { registry }));
}

export { create };
