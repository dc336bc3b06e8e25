import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { envelop } from "../grpc/envelop.js";
import { until } from "../server/peers.test.support.js";
import { http2Upstream } from "./http2-upstream.js";
import { streamMethod, targetsOf, testContext, unaryMethod } from "./raw-peer.test.support.js";
import type { Upstream } from "./upstream.js";

// The other side is Node's own HTTP/2, which is nghttp2.

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(
  serve: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
): Promise<{ upstream: Upstream; sessions: Set<http2.ServerHttp2Session> }> {
  const server = http2.createServer({ settings });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    serve(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const upstream = http2Upstream({ targets: targetsOf((server.address() as AddressInfo).port) });
  closers.push(() => {
    void upstream.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { upstream, sessions };
}

function respond(stream: http2.ServerHttp2Stream, headers: http2.OutgoingHttpHeaders = {}): void {
  stream.respond({ "content-type": "application/grpc", ...headers }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
}

function echo(stream: http2.ServerHttp2Stream): void {
  respond(stream);
  stream.pipe(stream);
}

function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
}

describe("calls to nghttp2", () => {
  it.each([0, 1, 16_379, 16_384, 65_530, 65_536, 1_000_000, 4 * 1024 * 1024])(
    "of %i bytes",
    async (length) => {
      const { upstream } = await start(echo);
      const request = bytes(length, 3);
      const reply = await upstream.unary(unaryMethod, request, testContext());
      expect(Buffer.compare(reply, request)).toBe(0);
    },
  );

  it("of all sizes at once, on one connection", async () => {
    const { upstream, sessions } = await start(echo);
    const requests = Array.from({ length: 60 }, (_, i) => bytes((i * i * 97) % 200_000, i));
    const replies = await Promise.all(
      requests.map((request) => upstream.unary(unaryMethod, request, testContext())),
    );
    for (const [i, reply] of replies.entries()) expect(Buffer.compare(reply, requests[i]!)).toBe(0);
    expect(sessions.size).toBe(1);
  });

  it("a thousand at once", async () => {
    const { upstream, sessions } = await start(echo);
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        upstream.unary(unaryMethod, Uint8Array.of(i & 0xff), testContext()),
      ),
    );
    expect(results.every(([byte], i) => byte === (i & 0xff))).toBe(true);
    expect(sessions.size).toBe(1);
  });

  it("with much metadata both ways", async () => {
    const long = "v".repeat(4_000);
    let received: http2.IncomingHttpHeaders = {};
    const { upstream } = await start((stream, headers) => {
      received = headers;
      respond(stream, { "x-long": long, "x-longer": long + long });
      stream.resume().on("end", () => stream.end(envelop(Uint8Array.of(1))));
    });
    const metadata = Array.from({ length: 20 }, (_, i) => [`x-${i}`, long] as const);
    for (let i = 0; i < 3; i++) {
      const reply = await upstream.unary(unaryMethod, new Uint8Array(), testContext({ metadata }));
      expect([...reply]).toEqual([1]);
    }
    expect(received["x-19"]).toBe(long);
  });
});

describe("a stream that nobody reads", () => {
  it("holds back its producer, and nobody else's", async () => {
    let written = 0;
    const { upstream, sessions } = await start((stream, headers) => {
      if (headers[":path"] === unaryMethod.path) {
        echo(stream);
        return;
      }
      stream.resume();
      respond(stream);
      const message = envelop(new Uint8Array(10_000));
      const more = () => {
        if (stream.destroyed) return;
        written += message.byteLength;
        if (stream.write(message)) setImmediate(more);
        else stream.once("drain", more);
      };
      more();
    });
    // So many that their windows together are larger than the connection's.
    const readers = Array.from({ length: 40 }, () => {
      const messages = upstream.serverStream(streamMethod, new Uint8Array(), testContext());
      return messages[Symbol.asyncIterator]();
    });
    for (const reader of readers) await reader.next();
    let before = -1;
    await until(() => {
      const still = written === before;
      before = written;
      return still;
    });
    expect(written).toBeLessThan(40 * 300_000);
    await upstream.unary(unaryMethod, new Uint8Array(500_000), testContext());
    // Read on, they get more.
    const [first] = readers;
    for (let i = 0; i < 100; i++) expect((await first!.next()).value?.byteLength).toBe(10_000);
    for (const reader of readers) await reader.return?.();
    expect(sessions.size).toBe(1);
  });
});
