import http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import { ConfigurationError } from "../configuration-error.js";
import {
  envelope,
  type StreamImpl,
  startUpstream,
  streamMethod,
  targetsOf,
  type UnaryImpl,
  unaryMethod,
  until,
} from "../server/peers.test.support.js";
import { grpcJsUpstream } from "./grpc-js.js";
import { http2Upstream } from "./http2-upstream.js";
import { type Upstream, type UpstreamContext, UpstreamError } from "./upstream.js";
import type { UpstreamTls } from "./upstream-tls.js";

interface UpstreamOptions {
  readonly targets: Readonly<Record<string, string>>;
  readonly tls?: UpstreamTls;
  readonly maxMessageBytes?: number;
}

describe.each([
  ["grpc-js", grpcJsUpstream],
  ["our own HTTP/2", http2Upstream],
])("an upstream through %s", (_name, make: (options: UpstreamOptions) => Upstream) => {
  const closers: Array<() => void> = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** A context, and how many listeners it has now. */
  function testContext(change: Partial<UpstreamContext> = {}) {
    const listeners = new Set<() => void>();
    return {
      deadlineMs: Date.now() + 5_000,
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

  async function start(
    impl: { unary?: UnaryImpl; stream?: StreamImpl } = {},
    options: Partial<UpstreamOptions> = {},
  ) {
    const peer = await startUpstream(impl);
    const upstream = make({ targets: targetsOf(peer), ...options });
    closers.push(() => {
      void upstream.close();
      peer.stop();
    });
    return { peer, upstream };
  }

  async function failureOf(result: Promise<unknown>): Promise<UpstreamError> {
    const failure = await result.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(failure).toBeInstanceOf(UpstreamError);
    return failure as UpstreamError;
  }

  async function collect(upstream: Upstream, context: UpstreamContext): Promise<string[]> {
    const messages: string[] = [];
    for await (const message of upstream.serverStream(streamMethod, new Uint8Array(), context)) {
      messages.push(Buffer.from(message).toString());
    }
    return messages;
  }

  describe("unary", () => {
    it("sends bytes, metadata and the deadline", async () => {
      let told: Record<string, unknown> = {};
      const { upstream } = await start({
        unary: (call, reply) => {
          told = { ...call.metadata.getMap(), deadline: call.getDeadline() };
          reply(null, call.request);
        },
      });
      const whole = new Uint8Array([0, 1, 2, 3, 4]);
      const metadata = [
        ["x-a", "1"],
        ["x-b-bin", "AQI="],
      ] as const;
      const context = testContext({ metadata });
      const reply = await upstream.unary(unaryMethod, whole.subarray(1, 4), context);
      expect([...reply]).toEqual([1, 2, 3]);
      expect(told).toMatchObject({ "x-a": "1", "x-b-bin": Buffer.from([1, 2]) });
      expect(Math.abs(Number(told.deadline) - context.deadlineMs)).toBeLessThan(2_000);
      expect(context.listeners.size).toBe(0);
    });

    it("rejects with the upstream's code and text", async () => {
      const { upstream } = await start({ unary: (_call, reply) => reply({ code: 9, details: "no" }) });
      const context = testContext();
      const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context));
      expect(failure).toMatchObject({ code: Code.FAILED_PRECONDITION, message: "no", method: unaryMethod });
      expect(context.listeners.size).toBe(0);
    });

    it("ends at the deadline", async () => {
      const { upstream } = await start({ unary: () => {} });
      const context = testContext({ deadlineMs: Date.now() + 150 });
      const started = performance.now();
      const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context));
      expect(failure.code).toBe(Code.DEADLINE_EXCEEDED);
      expect(performance.now() - started).toBeLessThan(5_000);
      expect(context.listeners.size).toBe(0);
    });

    it("is cancelled with its context", async () => {
      let cancelled = false;
      const { peer, upstream } = await start({
        unary: (call) => call.on("cancelled", () => (cancelled = true)),
      });
      const context = testContext();
      const failed = failureOf(upstream.unary(unaryMethod, new Uint8Array(), context));
      await until(() => peer.calls === 1);
      for (const listener of context.listeners) listener();
      expect((await failed).code).toBe(Code.CANCELLED);
      await until(() => cancelled);
      expect(context.listeners.size).toBe(0);
    });

    it("is not sent if its context has ended", async () => {
      const { peer, upstream } = await start();
      const context = testContext({
        onCancel(listener) {
          listener();
          return () => {};
        },
      });
      expect((await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context))).code).toBe(
        Code.CANCELLED,
      );
      expect(peer.calls).toBe(0);
    });

    it.each([
      ["the channel's", 1_000_000, 2_000_000],
      ["the context's", 4_000_000, 1_000],
    ])("refuses replies over %s limit", async (_name, maxMessageBytes, maxResponseBytes) => {
      const { upstream } = await start(
        { unary: (_call, reply) => reply(null, Buffer.alloc(1_500_000)) },
        { maxMessageBytes },
      );
      const failure = await failureOf(
        upstream.unary(unaryMethod, new Uint8Array(), testContext({ maxResponseBytes })),
      );
      expect(failure.code).toBe(Code.RESOURCE_EXHAUSTED);
    });

    it("rejects metadata that gRPC cannot carry", async () => {
      const { peer, upstream } = await start();
      for (const entry of [
        ["x a", "1"],
        ["x-a", "\n"],
      ] as const) {
        const context = testContext({ metadata: [entry] });
        expect((await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context))).code).toBe(
          Code.INTERNAL,
        );
        expect((await failureOf(collect(upstream, context))).code).toBe(Code.INTERNAL);
        expect(context.listeners.size).toBe(0);
      }
      expect(peer.calls).toBe(0);
    });

    it("fails at once for a service without a target", async () => {
      const upstream = make({ targets: {} });
      expect((await failureOf(upstream.unary(unaryMethod, new Uint8Array(), testContext()))).code).toBe(
        Code.UNAVAILABLE,
      );
    });

    it("ends as UNAVAILABLE when the upstream is closed", async () => {
      const { peer, upstream } = await start({ unary: () => {} });
      const failed = failureOf(upstream.unary(unaryMethod, new Uint8Array(), testContext()));
      await until(() => peer.calls === 1);
      await upstream.close();
      expect((await failed).code).toBe(Code.UNAVAILABLE);
      expect((await failureOf(upstream.unary(unaryMethod, new Uint8Array(), testContext()))).code).toBe(
        Code.UNAVAILABLE,
      );
    });
  });

  describe("an upstream that is down", () => {
    it("fails promptly, and recovers by itself when it is back", async () => {
      const { peer, upstream } = await start();
      const call = (text: string) => upstream.unary(unaryMethod, Buffer.from(text) as never, testContext());
      await call("up");
      peer.stop();
      await until(() => peer.calls === 1);
      for (let i = 0; i < 5; i++) {
        const started = performance.now();
        const failure = await failureOf(call("down"));
        expect(failure.code).toBe(Code.UNAVAILABLE);
        expect(performance.now() - started).toBeLessThan(3_000);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const back = await startUpstream({}, peer.port);
      closers.push(() => back.stop());
      const started = performance.now();
      let reply: Uint8Array | undefined;
      while (reply === undefined && performance.now() - started < 5_000) {
        reply = await call("back").catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(Buffer.from(reply!).toString()).toBe("back");
      expect(performance.now() - started).toBeLessThan(5_000);
    });

    it.each(["127.0.0.1:1", "localhost:1", "does-not-exist.invalid:1"])(
      "was never up: %s",
      async (target) => {
        const upstream = make({ targets: { "internal.v1.Echo": target } });
        closers.push(() => void upstream.close());
        const started = performance.now();
        expect((await failureOf(upstream.unary(unaryMethod, new Uint8Array(), testContext()))).code).toBe(
          Code.UNAVAILABLE,
        );
        expect(performance.now() - started).toBeLessThan(5_000);
      },
    );

    it("does not hang on a peer that never speaks HTTP/2", async () => {
      const mute = createServer(() => {}).listen(0, "127.0.0.1");
      await new Promise((resolve) => mute.once("listening", resolve));
      const { port } = mute.address() as { port: number };
      const upstream = make({ targets: { "internal.v1.Echo": `127.0.0.1:${port}` } });
      closers.push(() => {
        void upstream.close();
        mute.close();
      });
      const context = testContext({ deadlineMs: Date.now() + 200 });
      const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context));
      expect([Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE]).toContain(failure.code);
    });

    it("is found under a name that has an address where nobody listens", async () => {
      const peer = await startUpstream();
      const upstream = make({ targets: { "internal.v1.Echo": `localhost:${peer.port}` } });
      closers.push(() => {
        void upstream.close();
        peer.stop();
      });
      expect([...(await upstream.unary(unaryMethod, new Uint8Array([7]), testContext()))]).toEqual([7]);
    });
  });

  describe("a peer that breaks the protocol", () => {
    async function startPeer(answer: (stream: http2.ServerHttp2Stream) => void): Promise<Upstream> {
      const server = http2.createServer();
      const sessions = new Set<http2.ServerHttp2Session>();
      server.on("session", (session) => sessions.add(session));
      server.on("stream", (stream) => {
        stream.on("error", () => {});
        stream.resume();
        answer(stream);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const upstream = make({ targets: { "internal.v1.Echo": `127.0.0.1:${port}` } });
      closers.push(() => {
        void upstream.close();
        for (const session of sessions) session.destroy();
        server.close();
      });
      return upstream;
    }

    const replies = (messages: readonly string[], end: boolean) => (stream: http2.ServerHttp2Stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      for (const text of messages) stream.write(envelope(Buffer.from(text)));
      if (end) stream.end();
    };

    it.each([
      ["two", ["a", "b"], true],
      ["three", ["a", "b", "c"], true],
      ["two, and does not end", ["a", "b"], false],
    ])("by more than one reply to a unary call: %s", async (_name, messages, end) => {
      const upstream = await startPeer(replies(messages, end));
      const context = testContext({ deadlineMs: Date.now() + 30_000 });
      const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context));
      expect(failure).toMatchObject({
        code: Code.UNIMPLEMENTED,
        message: "more than one reply to a unary call",
      });
      expect(context.listeners.size).toBe(0);
    });

    it("by no reply to a unary call", async () => {
      const upstream = await startPeer(replies([], true));
      const context = testContext({ deadlineMs: Date.now() + 30_000 });
      expect(await failureOf(upstream.unary(unaryMethod, new Uint8Array(), context))).toMatchObject({
        code: Code.UNIMPLEMENTED,
        message: "no reply",
      });
    });

    const html = (status: number) => (stream: http2.ServerHttp2Stream) => {
      stream.respond({ ":status": status, "content-type": "text/html" });
      stream.end("<html><body>Welcome</body></html>");
    };

    it("by a page in HTML", async () => {
      const upstream = await startPeer(html(200));
      const failure = { code: Code.UNKNOWN, message: 'the answer is not gRPC but "text/html"' };
      const unary = upstream.unary(unaryMethod, new Uint8Array(), testContext());
      expect(await failureOf(unary)).toMatchObject(failure);
      expect(await failureOf(collect(upstream, testContext()))).toMatchObject(failure);
    });

    it("by a page in HTML of a status that says more", async () => {
      const upstream = await startPeer(html(503));
      const unary = upstream.unary(unaryMethod, new Uint8Array(), testContext());
      expect((await failureOf(unary)).code).toBe(Code.UNAVAILABLE);
      expect((await failureOf(collect(upstream, testContext()))).code).toBe(Code.UNAVAILABLE);
    });
  });

  describe("serverStream", () => {
    const three: StreamImpl = (call) => {
      for (const text of ["a", "b", "c"]) call.write(Buffer.from(text));
      call.end();
    };

    it("gives messages in order and ends", async () => {
      const { upstream } = await start({ stream: three });
      const context = testContext();
      expect(await collect(upstream, context)).toEqual(["a", "b", "c"]);
      expect(context.listeners.size).toBe(0);
    });

    it("throws the upstream's error after what came before", async () => {
      const { upstream } = await start({
        stream: (call) => {
          call.write(Buffer.from("a"));
          call.emit("error", { code: 5, details: "gone" });
        },
      });
      const context = testContext();
      expect(await failureOf(collect(upstream, context))).toMatchObject({
        code: Code.NOT_FOUND,
        message: "gone",
      });
      expect(context.listeners.size).toBe(0);
    });

    it("is cancelled when the reader leaves, or the context ends", async () => {
      let cancelled = 0;
      const { upstream } = await start({
        stream: (call) => {
          call.on("cancelled", () => cancelled++);
          call.write(Buffer.from("a"));
        },
      });
      const left = testContext();
      for await (const _message of upstream.serverStream(streamMethod, new Uint8Array(), left)) break;
      await until(() => cancelled === 1);
      expect(left.listeners.size).toBe(0);

      const ended = testContext();
      const failed = failureOf(collect(upstream, ended));
      await until(() => ended.listeners.size === 1);
      for (const listener of ended.listeners) listener();
      expect((await failed).code).toBe(Code.CANCELLED);
      expect(ended.listeners.size).toBe(0);
    });

    it("refuses messages over the limit", async () => {
      const { upstream } = await start({ stream: three });
      const failure = await failureOf(collect(upstream, testContext({ maxResponseBytes: 0 })));
      expect(failure.code).toBe(Code.RESOURCE_EXHAUSTED);
    });
  });

  describe("options", () => {
    it.each([
      [{ targets: { a: "nonsense" } }, /target of a: "nonsense" is not/],
      [{ targets: {}, tls: { key: Buffer.alloc(1) } }, /key and cert belong together/],
    ])("that cannot be used are refused: %j", (options, text) => {
      expect(() => make(options)).toThrow(ConfigurationError);
      expect(() => make(options)).toThrow(text);
    });
  });
});
