import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { Code } from "../grpc/code.js";
import {
  data,
  type Fields,
  FrameType,
  frame,
  reset,
  settings,
  uint32Bytes,
} from "../http2/raw.test.support.js";
import { until } from "../server/peers.test.support.js";
import { type Http2UpstreamOptions, http2Upstream } from "./http2-upstream.js";
import {
  endsRequest,
  failureOf,
  head,
  message,
  type RawConnection,
  type RawPeerServer,
  reply,
  startRawPeer,
  streamMethod,
  targetsOf,
  testContext,
  trailers,
  trailersOnly,
  unaryMethod,
} from "./raw-peer.test.support.js";
import type { Upstream } from "./upstream.js";

// What a peer can do wrong, each with the code that it gives, and nothing that hangs.

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const empty = new Uint8Array();

/** A peer that answers each whole request, and an upstream that it is. */
async function start(
  answer: (connection: RawConnection, streamId: number, calls: number) => void,
  {
    peerSettings = settings(),
    ...options
  }: Partial<Http2UpstreamOptions> & { peerSettings?: Uint8Array } = {},
): Promise<{ peer: RawPeerServer; upstream: Upstream; calls: () => number }> {
  let calls = 0;
  const peer = await startRawPeer(
    (received, connection) => {
      if (endsRequest(received)) answer(connection, received.streamId, ++calls);
    },
    { peerSettings },
  );
  const upstream = http2Upstream({ targets: targetsOf(peer.port), ...options });
  closers.push(() => {
    void upstream.close();
    void peer.close();
  });
  return { peer, upstream, calls: () => calls };
}

function ask(upstream: Upstream, context = testContext()): Promise<Uint8Array> {
  return upstream.unary(unaryMethod, empty, context);
}

async function collect(upstream: Upstream, context = testContext()): Promise<number> {
  let count = 0;
  for await (const _message of upstream.serverStream(streamMethod, empty, context)) count++;
  return count;
}

describe("a stream that is reset", () => {
  const codes: Array<readonly [number, number]> = [
    [0, Code.INTERNAL],
    [1, Code.INTERNAL],
    [2, Code.INTERNAL],
    [3, Code.INTERNAL],
    [4, Code.INTERNAL],
    [5, Code.UNKNOWN],
    [6, Code.INTERNAL],
    [7, Code.UNAVAILABLE],
    [8, Code.CANCELLED],
    [9, Code.INTERNAL],
    [10, Code.INTERNAL],
    [11, Code.RESOURCE_EXHAUSTED],
    [12, Code.PERMISSION_DENIED],
    [13, Code.UNKNOWN],
    [0xffffffff, Code.UNKNOWN],
  ];
  const beginnings: Array<readonly [string, (id: number) => Buffer[]]> = [
    ["before headers", () => []],
    ["after headers", (id) => [head(id)]],
    ["after a message", (id) => [head(id), message(id, [1])]],
    ["within a message", (id) => [head(id), data(id, [0, 0, 0, 0, 9, 1])]],
  ];
  for (const [when, beginning] of beginnings) {
    it.each(codes)(`${when} with code %i fails with %i`, async (code, expected) => {
      const { peer, upstream, calls } = await start((connection, id) =>
        connection.send(...beginning(id), reset(id, code)),
      );
      const contexts = [testContext(), testContext()];
      expect((await failureOf(ask(upstream, contexts[0]))).code).toBe(expected);
      // Refused before anything was said of it: sent again, but not without end. Else never.
      const again = code === 7 && when === "before headers";
      expect(calls()).toBe(again ? 5 : 1);
      expect((await failureOf(collect(upstream, contexts[1]))).code).toBe(expected);
      expect(contexts.map(({ listeners }) => listeners.size)).toEqual([0, 0]);
      expect(peer.connections.length).toBe(1);
    });
  }

  it("as refused, is sent again", async () => {
    const { upstream, calls } = await start((connection, id, count) =>
      connection.send(count % 3 === 0 ? reply(id, [count]) : reset(id, 7)),
    );
    expect([...(await ask(upstream))]).toEqual([3]);
    expect(await collect(upstream)).toBe(1);
    expect(calls()).toBe(6);
  });

  it("as refused, with requests that were sent already, is sent again with all of them", async () => {
    const bodies: Buffer[][] = [];
    const peer = await startRawPeer((received, connection) => {
      const { streamId: id, type, payload } = received;
      if (type === FrameType.HEADERS) bodies.push([]);
      if (type !== FrameType.DATA) return;
      bodies.at(-1)!.push(payload);
      // The first is refused after a request, the second is not taken on by a peer that goes away.
      if (bodies.length === 1) connection.send(reset(id, 7));
      else if (bodies.length === 2)
        connection.send(frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(0), ...uint32Bytes(0)]));
      else if (endsRequest(received)) connection.send(reply(id, [9]));
      else wake();
    });
    const upstream = http2Upstream({ targets: targetsOf(peer.port) });
    closers.push(
      () => void upstream.close(),
      () => void peer.close(),
    );
    let wake = () => {};
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    async function* requests() {
      yield Uint8Array.of(1);
      yield Uint8Array.of(2);
      await awake;
      yield Uint8Array.of(3);
    }
    const context = testContext();
    expect([...(await upstream.clientStream(unaryMethod, requests(), context))]).toEqual([9]);
    const last = Buffer.concat(bodies[2]!);
    expect([...last]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3]);
    expect(bodies.length).toBe(3);
    expect(context.listeners.size).toBe(0);
  });

  it("by a server that has reached the deadline first fails with DEADLINE_EXCEEDED", async () => {
    const deadlineMs = Date.now() + 300;
    const { upstream } = await start((connection, id) => {
      setTimeout(() => connection.send(reset(id, 8)), deadlineMs - Date.now() + 1);
    });
    expect((await failureOf(ask(upstream, testContext({ deadlineMs })))).code).toBe(Code.DEADLINE_EXCEEDED);
  });
});

describe("an answer that is not gRPC, or not all of it", () => {
  const html: Fields = [["content-type", "text/html"]];
  const page =
    (status: string, fields = html) =>
    (connection: RawConnection, id: number) =>
      connection.send(head(id, fields, [[":status", status]]), data(id, Buffer.from("<html>"), true));
  const grpc =
    (...parts: Array<(id: number) => Buffer>) =>
    (connection: RawConnection, id: number) =>
      connection.send(head(id), ...parts.map((part) => part(id)));

  it.each<[string, (connection: RawConnection, id: number) => void, number, string]>([
    ["HTML 200", page("200"), Code.UNKNOWN, 'the answer is not gRPC but "text/html"'],
    ["no content-type", page("200", []), Code.UNKNOWN, 'the answer is not gRPC but ""'],
    ["gRPC-Web", page("200", [["content-type", "application/grpc-web"]]), Code.UNKNOWN, "not gRPC"],
    ["JSON in gRPC", page("200", [["content-type", "application/grpc+json"]]), Code.INTERNAL, "not protobuf"],
    ["HTML 400", page("400"), Code.INTERNAL, "HTTP 400"],
    ["HTML 401", page("401"), Code.UNAUTHENTICATED, "HTTP 401"],
    ["HTML 403", page("403"), Code.PERMISSION_DENIED, "HTTP 403"],
    ["HTML 404", page("404"), Code.UNIMPLEMENTED, "HTTP 404"],
    ["HTML 429", page("429"), Code.UNAVAILABLE, "HTTP 429"],
    ["HTML 500", page("500"), Code.UNKNOWN, "HTTP 500"],
    ["HTML 502", page("502"), Code.UNAVAILABLE, "HTTP 502"],
    ["HTML 503", page("503"), Code.UNAVAILABLE, "HTTP 503"],
    ["HTML 504", page("504"), Code.UNAVAILABLE, "HTTP 504"],
    [
      "no grpc-status",
      grpc(
        (id) => message(id, [1]),
        (id) => trailers(id, [["x", "y"]]),
      ),
      Code.UNKNOWN,
      "no grpc-status",
    ],
    [
      "no trailers",
      grpc(
        (id) => message(id, [1]),
        (id) => data(id, [], true),
      ),
      Code.UNKNOWN,
      "no grpc-status",
    ],
    [
      "a grpc-status before a message, and no trailers",
      (c, id) => c.send(head(id, [["grpc-status", "9"]]), message(id, [1]), data(id, [], true)),
      Code.UNKNOWN,
      "no grpc-status",
    ],
    ["a status that is none", grpc((id) => trailers(id, [["grpc-status", "x"]])), Code.UNKNOWN, ""],
    [
      "the end within a message",
      grpc((id) => data(id, [0, 0, 0, 0, 2, 1]), trailers),
      Code.INTERNAL,
      "ends within",
    ],
    ["the end within a head", grpc((id) => data(id, [0, 0]), trailers), Code.INTERNAL, "ends within"],
    ["unknown flags", grpc((id) => data(id, [9, 0, 0, 0, 0]), trailers), Code.INTERNAL, "unknown flags"],
    ["a message of 2 GiB", grpc((id) => data(id, [0, 0x80, 0, 0, 0])), Code.RESOURCE_EXHAUSTED, "2147483648"],
    [
      "a message of 4 GiB",
      grpc((id) => data(id, [0, 0xff, 0xff, 0xff, 0xff])),
      Code.RESOURCE_EXHAUSTED,
      "4294967295",
    ],
    [
      "a failure in the head",
      (c, id) => c.send(trailersOnly(id, [["grpc-status", "5"]])),
      Code.NOT_FOUND,
      "",
    ],
    [
      "a failure behind an HTTP status",
      (c, id) => c.send(trailersOnly(id, [["grpc-status", "8"]], [[":status", "503"]])),
      Code.RESOURCE_EXHAUSTED,
      "",
    ],
    [
      "a text with escapes",
      grpc((id) =>
        trailers(id, [
          ["grpc-status", "3"],
          ["grpc-message", "zu sp%C3%A4t, 100%25"],
        ]),
      ),
      Code.INVALID_ARGUMENT,
      "zu spät, 100%",
    ],
  ])("%s", async (_name, answer, code, text) => {
    const { upstream, calls } = await start(answer);
    for (const call of [ask, collect]) {
      const context = testContext();
      const failure = await failureOf(call(upstream, context));
      expect(failure).toMatchObject({ code, message: expect.stringContaining(text) });
      expect(context.listeners.size).toBe(0);
    }
    expect(calls()).toBe(2);
  });

  it("takes the message that comes with a failure for none", async () => {
    const { upstream } = await start(
      grpc(
        (id) => message(id, [1]),
        (id) => trailers(id, [["grpc-status", "5"]]),
      ),
    );
    expect((await failureOf(ask(upstream))).code).toBe(Code.NOT_FOUND);
  });

  it("lets go of a stream that is answered before the request is sent", async () => {
    const peer = await startRawPeer(
      (received, connection) => {
        if (received.type === FrameType.HEADERS)
          connection.send(trailersOnly(received.streamId, [["grpc-status", "8"]]));
      },
      { peerSettings: settings([4, 10]) },
    );
    const upstream = http2Upstream({ targets: targetsOf(peer.port) });
    closers.push(
      () => void upstream.close(),
      () => void peer.close(),
    );
    const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(1000), testContext()));
    expect(failure.code).toBe(Code.RESOURCE_EXHAUSTED);
    await until(() => peer.framesOf(FrameType.RST_STREAM).length === 1);
  });
});

describe("compression", () => {
  const compressed =
    (bytes: Uint8Array, encoding: string | undefined) => (connection: RawConnection, id: number) => {
      const extra: Fields = encoding === undefined ? [] : [["grpc-encoding", encoding]];
      const length = bytes.byteLength;
      connection.send(head(id, extra), data(id, [1, ...uint32Bytes(length), ...bytes]), trailers(id));
    };
  const zipped = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));

  it("is undone", async () => {
    const { upstream } = await start(compressed(zipped(Uint8Array.of(1, 2, 3)), "gzip"));
    expect([...(await ask(upstream))]).toEqual([1, 2, 3]);
    const received: number[][] = [];
    for await (const part of upstream.serverStream(streamMethod, empty, testContext()))
      received.push([...part]);
    expect(received).toEqual([[1, 2, 3]]);
  });

  it.each<[string, Uint8Array, string | undefined, number]>([
    ["a bomb", zipped(new Uint8Array(9_000_000)), "gzip", Code.RESOURCE_EXHAUSTED],
    ["no gzip", Uint8Array.of(1, 2, 3), "gzip", Code.INTERNAL],
    ["no encoding", zipped(Uint8Array.of(1)), undefined, Code.INTERNAL],
    ["identity", zipped(Uint8Array.of(1)), "identity", Code.INTERNAL],
    ["an unknown encoding", zipped(Uint8Array.of(1)), "br", Code.INTERNAL],
  ])("%s is refused", async (_name, bytes, encoding, code) => {
    const { upstream } = await start(compressed(bytes, encoding));
    for (const call of [ask, collect]) {
      const context = testContext();
      expect((await failureOf(call(upstream, context))).code).toBe(code);
      expect(context.listeners.size).toBe(0);
    }
  });
});

describe("what a call leaves behind", () => {
  it("is a reset with CANCEL, at its deadline and when it is cancelled", async () => {
    const { peer, upstream } = await start(() => {});
    const late = testContext({ deadlineMs: Date.now() + 200 });
    expect((await failureOf(ask(upstream, late))).code).toBe(Code.DEADLINE_EXCEEDED);
    const cancelled = testContext();
    const failure = failureOf(ask(upstream, cancelled));
    await until(() => peer.connections[0]!.requests === 2);
    for (const listener of cancelled.listeners) listener();
    expect((await failure).code).toBe(Code.CANCELLED);
    await until(() => peer.framesOf(FrameType.RST_STREAM).length === 2);
    const resets = peer.framesOf(FrameType.RST_STREAM);
    expect(resets.map(({ payload }) => payload.readUInt32BE())).toEqual([8, 8]);
    expect([late, cancelled].map(({ listeners }) => listeners.size)).toEqual([0, 0]);
  });

  it("is a window that others can use: a peer that never opens one fails one call", async () => {
    const { peer, upstream } = await start((connection, id) => connection.send(reply(id)), {
      peerSettings: settings([4, 5]),
    });
    const context = testContext({ deadlineMs: Date.now() + 200 });
    const failure = await failureOf(upstream.unary(unaryMethod, new Uint8Array(100_000), context));
    expect(failure.code).toBe(Code.DEADLINE_EXCEEDED);
    await ask(upstream);
    expect(peer.connections.length).toBe(1);
  });

  it("is nothing where the context has ended before it, or its deadline is over", async () => {
    const { peer, upstream } = await start((connection, id) => connection.send(reply(id)));
    const ended = testContext({
      onCancel(listener) {
        listener();
        return () => {};
      },
    });
    expect((await failureOf(ask(upstream, ended))).code).toBe(Code.CANCELLED);
    const late = testContext({ deadlineMs: Date.now() - 1 });
    expect((await failureOf(ask(upstream, late))).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(peer.connections.length).toBe(0);
  });
});

describe("a frame that no connection may carry", () => {
  it("of 16 MiB ends the connection, and fails what is on it", async () => {
    const { peer, upstream } = await start((connection, _id, count) => {
      if (count === 1) connection.send(Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]));
      else connection.send(reply(_id));
    });
    expect(await failureOf(ask(upstream))).toMatchObject({ code: Code.UNAVAILABLE });
    await ask(upstream);
    expect(peer.connections.length).toBe(2);
  });

  it("of a push ends the connection", async () => {
    const { upstream } = await start((connection) =>
      connection.send(frame(FrameType.PUSH_PROMISE, 4, 1, [0, 0, 0, 2])),
    );
    expect((await failureOf(ask(upstream))).code).toBe(Code.UNAVAILABLE);
  });
});
