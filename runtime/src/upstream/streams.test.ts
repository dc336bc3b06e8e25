import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../grpc/code.js";
import { until } from "../server/peers.test.support.js";
import { grpcJsUpstream } from "./grpc-js.js";
import { http2Upstream } from "./http2-upstream.js";
import { type Method, type Upstream, type UpstreamContext, UpstreamError } from "./upstream.js";

const service = "internal.v1.Streams";
const gather: Method = { service, name: "Gather", path: `/${service}/Gather`, kind: "client_streaming" };
const chat: Method = { service, name: "Chat", path: `/${service}/Chat`, kind: "bidi_streaming" };

type Gather = (call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void;
type Chat = (call: ServerDuplexStream<Buffer, Buffer>) => void;

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array) => Buffer.from(message).toString();

type Given = Uint8Array | undefined | "never";

/** Requests that tell what was asked of them. */
class Requests implements AsyncIterableIterator<Uint8Array> {
  asked = 0;
  returned = 0;
  #wake: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined;

  constructor(readonly give: (i: number) => Given | Promise<Given>) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = await this.give(this.asked++);
    if (value === undefined) return { done: true, value };
    if (value !== "never") return { done: false, value };
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.returned++;
    this.#wake?.({ done: true, value: undefined });
    return { done: true, value: undefined };
  }
}

const listOf = (...texts: string[]) => new Requests((i) => (i < texts.length ? bytes(texts[i]!) : undefined));

function testContext(change: Partial<UpstreamContext> = {}) {
  const listeners = new Set<() => void>();
  return {
    deadlineMs: Date.now() + 10_000,
    maxResponseBytes: 1_000_000,
    metadata: [] as Array<readonly [string, string]>,
    listeners,
    onCancel(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...change,
  };
}

async function failureOf(result: Promise<unknown>): Promise<UpstreamError> {
  const failure = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(failure).toBeInstanceOf(UpstreamError);
  return failure as UpstreamError;
}

async function collect(messages: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(text(message));
  return texts;
}

describe.each([
  ["grpc-js", grpcJsUpstream],
  ["our own HTTP/2", http2Upstream],
])(
  "streams of requests through %s",
  (_name, make: (options: { targets: Record<string, string> }) => Upstream) => {
    async function start(impl: { gather?: Gather; chat?: Chat }): Promise<Upstream> {
      const server = new Server({ "grpc.max_receive_message_length": -1 });
      const identity = (message: Buffer) => message;
      const codec = {
        requestStream: true,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      };
      const nothing = () => {};
      server.addService(
        {
          Gather: { path: gather.path, responseStream: false, ...codec },
          Chat: { path: chat.path, responseStream: true, ...codec },
        },
        { Gather: impl.gather ?? nothing, Chat: impl.chat ?? nothing },
      );
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
      const upstream = make({ targets: { [service]: `127.0.0.1:${port}` } });
      closers.push(() => {
        void upstream.close();
        server.forceShutdown();
      });
      return upstream;
    }

    const concatenate: Gather = (call, reply) => {
      const parts: Buffer[] = [];
      call.on("data", (part: Buffer) => parts.push(part));
      call.on("end", () => reply(null, Buffer.concat(parts as never[])));
    };
    const echo: Chat = (call) => {
      call.on("data", (part: Buffer) => call.write(part));
      call.on("end", () => call.end());
    };

    it("sends all, and gives the one reply", async () => {
      const upstream = await start({ gather: concatenate });
      const context = testContext();
      const requests = listOf("a", "", "bc");
      expect(text(await upstream.clientStream(gather, requests, context))).toBe("abc");
      expect(context.listeners.size).toBe(0);
      const none = listOf();
      expect(text(await upstream.clientStream(gather, none, testContext()))).toBe("");
    });

    it("sends and receives at once", async () => {
      const upstream = await start({ chat: echo });
      const requests = new Requests((i) => (i < 1000 ? bytes(`${i}`) : undefined));
      const context = testContext();
      const expected = Array.from({ length: 1000 }, (_, i) => `${i}`);
      expect(await collect(upstream.bidiStream(chat, requests, context))).toEqual(expected);
      expect(context.listeners.size).toBe(0);
    });

    it("sends large messages through small windows", async () => {
      const upstream = await start({ chat: echo });
      const large = new Uint8Array(300_000).fill(7);
      const requests = new Requests((i) => (i < 5 ? large : undefined));
      let count = 0;
      for await (const message of upstream.bidiStream(chat, requests, testContext())) {
        expect(Buffer.compare(message, large)).toBe(0);
        count++;
      }
      expect(count).toBe(5);
    });

    it("takes no more requests than an upstream that does not read lets it", async () => {
      const upstream = await start({ gather: (call) => call.pause() });
      const requests = new Requests(() => new Uint8Array(100_000));
      const context = testContext({ deadlineMs: Date.now() + 1_500 });
      const failure = await failureOf(upstream.clientStream(gather, requests, context));
      expect(failure.code).toBe(Code.DEADLINE_EXCEEDED);
      expect(requests.asked).toBeLessThan(60);
      await until(() => requests.returned === 1);
    });

    it.each([
      ["a reply", Code.OK],
      ["a failure", Code.NOT_FOUND],
    ])("stops asking when %s comes early", async (_name, code) => {
      const upstream = await start({
        gather: (_call, reply) =>
          code === Code.OK ? reply(null, Buffer.from("x")) : reply({ code, details: "no" }),
      });
      const requests = new Requests((i) => (i === 0 ? bytes("a") : "never"));
      const context = testContext();
      const result = upstream.clientStream(gather, requests, context);
      if (code === Code.OK) expect(text(await result)).toBe("x");
      else expect((await failureOf(result)).code).toBe(code);
      await until(() => requests.returned === 1);
      expect(context.listeners.size).toBe(0);
    });

    it("is cancelled when its requests fail, or its reader leaves, or its context ends", async () => {
      let [started, cancelled] = [0, 0];
      const upstream = await start({
        chat: (call) => {
          started++;
          call.on("cancelled", () => cancelled++);
          call.on("data", (part: Buffer) => call.write(part));
        },
      });
      const failing = new Requests(async (i) => {
        if (i === 0) return bytes("a");
        await until(() => started === 1);
        throw new Error("the client has gone");
      });
      const failure = await failureOf(collect(upstream.bidiStream(chat, failing, testContext())));
      expect(failure).toMatchObject({ code: Code.CANCELLED });
      expect(failure.message).toContain("the client has gone");
      expect(failing.returned).toBe(0);
      await until(() => cancelled === 1);

      const left = new Requests((i) => (i === 0 ? bytes("a") : "never"));
      for await (const _message of upstream.bidiStream(chat, left, testContext())) break;
      await until(() => cancelled === 2 && left.returned === 1);

      const ended = new Requests((i) => (i === 0 ? bytes("a") : "never"));
      const context = testContext();
      const failed = failureOf(collect(upstream.bidiStream(chat, ended, context)));
      await until(() => ended.asked === 2 && started === 3);
      for (const listener of context.listeners) listener();
      expect((await failed).code).toBe(Code.CANCELLED);
      await until(() => cancelled === 3 && ended.returned === 1);
      expect(context.listeners.size).toBe(0);
    });

    it("wants exactly one reply to a stream of requests", async () => {
      const upstream = await start({
        chat: (call) => {
          call.resume();
          call.on("end", () => {
            call.write(Buffer.from("a"));
            call.write(Buffer.from("b"));
            call.end();
          });
        },
      });
      const wrong = { ...gather, path: chat.path };
      expect(await failureOf(upstream.clientStream(wrong, listOf(), testContext()))).toMatchObject({
        code: Code.UNIMPLEMENTED,
        message: "more than one reply to a stream of requests",
      });
    });

    it("fails at once for a service without a target, and lets go of the requests", async () => {
      const upstream = make({ targets: {} });
      const requests = listOf("a");
      expect((await failureOf(upstream.clientStream(gather, requests, testContext()))).code).toBe(
        Code.UNAVAILABLE,
      );
      await until(() => requests.returned === 1);
      expect(requests.asked).toBe(0);
    });
  },
);
