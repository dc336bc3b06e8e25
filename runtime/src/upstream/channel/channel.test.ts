import { promises as dns } from "node:dns";
import { rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Code } from "../../grpc/code.js";
import { FrameType, frame, settings, uint32Bytes } from "../../http2/raw.test.support.js";
import { startUpstream, until } from "../../server/peers.test.support.js";
import { type Http2UpstreamOptions, http2Upstream } from "../http2-upstream.js";
import {
  endsRequest,
  failureOf,
  head,
  message,
  type RawConnection,
  type RawPeerServer,
  type ReceivedFrame,
  reply,
  startRawPeer,
  targetsOf,
  testContext,
  trailers,
  unaryMethod,
} from "../raw-peer.test.support.js";
import type { Upstream } from "../upstream.js";

const closers: Array<() => unknown> = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closers.splice(0)) await close();
});

const empty = new Uint8Array();
const service = unaryMethod.service;

function connect(options: Http2UpstreamOptions): Upstream {
  const upstream = http2Upstream(options);
  closers.push(() => upstream.close());
  return upstream;
}

async function startPeer(
  onFrame: (frame: ReceivedFrame, connection: RawConnection) => void,
  options: { peerSettings?: Uint8Array; host?: string; port?: number } = {},
): Promise<RawPeerServer> {
  const peer = await startRawPeer(onFrame, options);
  closers.push(() => peer.close());
  return peer;
}

/** Answers each request at once. */
function answer(received: ReceivedFrame, connection: RawConnection): void {
  if (endsRequest(received)) connection.send(reply(received.streamId));
}

function ask(upstream: Upstream, deadlineMs = 10_000): Promise<Uint8Array> {
  return upstream.unary(unaryMethod, empty, testContext({ deadlineMs: Date.now() + deadlineMs }));
}

function goaway(lastStreamId: number, code = 0): Buffer {
  return frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(lastStreamId), ...uint32Bytes(code)]);
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a call on the wire", () => {
  it("is what gRPC asks for, and short from the second time on", async () => {
    const chunks: Buffer[] = [];
    const peer = await startPeer(answer);
    const upstream = connect({ targets: targetsOf(peer.port) });
    const metadata = [
      ["x-a", "1"],
      ["x-b-bin", "AQI="],
    ] as const;
    const context = () => testContext({ metadata, deadlineMs: Date.now() + 5_000 });
    await upstream.unary(unaryMethod, Uint8Array.of(1, 2, 3), context());
    peer.connections[0]!.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await upstream.unary(unaryMethod, Uint8Array.of(1, 2, 3), context());
    const [first, second] = peer.framesOf(FrameType.HEADERS);
    const expected = {
      ":method": "POST",
      ":scheme": "http",
      ":path": unaryMethod.path,
      ":authority": `127.0.0.1:${peer.port}`,
      te: "trailers",
      "content-type": "application/grpc",
      "x-a": "1",
      "x-b-bin": "AQI=",
      "grpc-timeout": expect.stringMatching(/^4\d{3}m$|^5000m$/),
    };
    expect(first!.fields).toMatchObject(expected);
    expect(second!.fields).toMatchObject(expected);
    expect(second!.payload.length).toBeLessThan(60);
    const [sent] = peer.framesOf(FrameType.DATA);
    expect([...sent!.payload]).toEqual([0, 0, 0, 0, 3, 1, 2, 3]);
    // Head and body in one write.
    expect(chunks.length).toBe(1);
  });

  it("shares its write with others of the same tick", async () => {
    const peer = await startPeer(answer);
    const upstream = connect({ targets: targetsOf(peer.port) });
    await ask(upstream);
    const chunks: Buffer[] = [];
    peer.connections[0]!.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await Promise.all(Array.from({ length: 50 }, () => ask(upstream)));
    expect(chunks.length).toBe(1);
  });
});

describe("targets", () => {
  it("may be a socket in the file system", async () => {
    const path = join(tmpdir(), `portico-${process.pid}.sock`);
    rmSync(path, { force: true });
    const server = new Server();
    const identity = (bytes: Buffer) => bytes;
    const definition = {
      path: unaryMethod.path,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    server.addService(
      { Unary: definition },
      {
        Unary: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) =>
          done(null, call.request),
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    closers.push(() => server.forceShutdown());
    for (const target of [`unix:${path}`, `unix://${path}`]) {
      const upstream = connect({ targets: { [service]: target } });
      const echoed = await upstream.unary(unaryMethod, Uint8Array.of(7), testContext());
      expect([...echoed]).toEqual([7]);
    }
  });

  it("that no socket can have fail calls, and nothing else", async () => {
    const upstream = connect({ targets: { [service]: `unix:/${"x".repeat(300)}` }, maxConnectWaitMs: 0 });
    expect((await failureOf(ask(upstream))).code).toBe(Code.UNAVAILABLE);
  });

  it("may be addresses of IPv6", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write(settings()));
    });
    await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const sockets = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
    const upstream = connect({ targets: { [service]: `ipv6:[::1]:${port}` } });
    const failed = failureOf(ask(upstream, 300));
    const socket = await sockets;
    expect((await failed).code).toBe(Code.DEADLINE_EXCEEDED);
    socket.destroy();
    server.close();
  });

  it("may be names whose addresses change", async () => {
    const old = await startPeer(answer);
    let address = "127.0.0.1";
    const lookup = vi
      .spyOn(dns, "lookup")
      .mockImplementation((async () => [{ address, family: 4 }]) as never);
    const upstream = connect({ targets: { [service]: `dns:///orders.test:${old.port}` } });
    await ask(upstream);
    expect(old.framesOf(FrameType.HEADERS)[0]!.fields[":authority"]).toBe(`orders.test:${old.port}`);
    expect(lookup).toHaveBeenCalledTimes(1);
    // The address that is known goes away, and the name moves on.
    address = "127.0.0.2";
    const moved = await startPeer(answer, { port: old.port, host: address });
    for (const connection of old.connections) connection.send(goaway(1));
    await old.close();
    await ask(upstream);
    expect(moved.framesOf(FrameType.HEADERS).length).toBe(1);
    expect(lookup).toHaveBeenCalledTimes(2);
  });

  it("whose name server does not answer fail calls", async () => {
    vi.spyOn(dns, "lookup").mockImplementation((() => new Promise(() => {})) as never);
    const upstream = connect({ targets: { [service]: "orders.test:1" } });
    expect((await failureOf(ask(upstream, 200))).code).toBe(Code.DEADLINE_EXCEEDED);
  });
});

describe("balancing", () => {
  it("goes to all addresses, and most to those that answer first", async () => {
    const held: Array<() => void> = [];
    let onHeld = () => {};
    const fast = await startPeer(answer);
    const slow = await startPeer((received, connection) => {
      if (!endsRequest(received)) return;
      held.push(() => connection.send(reply(received.streamId)));
      onHeld();
    });
    const upstream = connect({ targets: targetsOf(fast.port, slow.port) });
    const asked: Array<Promise<unknown>> = [];
    // A call that is answered, or held.
    const askOne = () => {
      const isHeld = new Promise<void>((resolve) => {
        onHeld = resolve;
      });
      const answered = ask(upstream, 60_000);
      asked.push(answered);
      return Promise.race([answered, isHeld]);
    };
    while (held.length === 0) await askOne();
    const before = fast.framesOf(FrameType.HEADERS).length;
    for (let i = 0; i < 200; i++) await askOne();
    // The call that is held weighs on its address: none goes there any more.
    expect(fast.framesOf(FrameType.HEADERS).length - before).toBe(200);
    expect(held.length).toBe(1);
    held[0]!();
    await Promise.all(asked);
  });

  it("is even where all are alike", async () => {
    const peers = await Promise.all([startPeer(answer), startPeer(answer), startPeer(answer)]);
    const upstream = connect({ targets: targetsOf(...peers.map(({ port }) => port)) });
    const counts = () => peers.map((peer) => peer.framesOf(FrameType.HEADERS).length);
    while (counts().includes(0)) await ask(upstream);
    for (let i = 0; i < 30; i++) await Promise.all(Array.from({ length: 10 }, () => ask(upstream)));
    for (const count of counts()) expect(count).toBeGreaterThan(50);
  });

  it("passes over an address where nobody listens, and finds it when it is there", async () => {
    const up = await startPeer(answer);
    const down = await startPeer(answer);
    const { port } = down;
    await down.close();
    const upstream = connect({ targets: targetsOf(up.port, port) });
    for (let i = 0; i < 20; i++) await ask(upstream);
    const back = await startPeer(answer, { port });
    await until(() => back.connections.length > 0);
    for (let i = 0; i < 200 && back.framesOf(FrameType.HEADERS).length === 0; i++) await ask(upstream);
    expect(back.framesOf(FrameType.HEADERS).length).toBeGreaterThan(0);
  });
});

describe("a peer that takes few streams", () => {
  it("of one at once gets 20 calls on a bounded number of connections", async () => {
    const peer = await startPeer(
      (received, connection) => {
        if (endsRequest(received)) setTimeout(() => connection.send(reply(received.streamId)), 5);
      },
      { peerSettings: settings([3, 1]) },
    );
    const upstream = connect({ targets: targetsOf(peer.port), maxConnectionsPerAddress: 4 });
    await Promise.all(Array.from({ length: 20 }, () => ask(upstream)));
    expect(peer.connections.length).toBe(4);
    expect(peer.framesOf(FrameType.HEADERS).length).toBe(20);
  });

  it("of none lets calls wait, to their deadlines", async () => {
    const peer = await startPeer(answer, { peerSettings: settings([3, 0]) });
    const upstream = connect({ targets: targetsOf(peer.port) });
    const context = testContext({ deadlineMs: Date.now() + 200 });
    expect((await failureOf(upstream.unary(unaryMethod, empty, context))).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(context.listeners.size).toBe(0);
    const waiting = ask(upstream);
    peer.connections[0]!.send(settings([3, 1]));
    await waiting;
  });
});

describe("GOAWAY", () => {
  it("lets calls under way finish, and sends new ones elsewhere", async () => {
    const open: Array<() => void> = [];
    const peer = await startPeer((received, connection) => {
      if (!endsRequest(received)) return;
      if (open.length === 0) {
        open.push(() => connection.send(head(1), message(1, [9]), trailers(1)));
        connection.send(goaway(1));
      } else answer(received, connection);
    });
    const upstream = connect({ targets: targetsOf(peer.port) });
    const first = ask(upstream);
    await until(() => open.length === 1);
    await ask(upstream);
    expect(peer.connections.length).toBe(2);
    open[0]!();
    expect([...(await first)]).toEqual([9]);
  });

  it("sends again what it says was not taken on", async () => {
    const peer = await startPeer((received, connection) => {
      if (peer.connections[0] !== connection) answer(received, connection);
      else if (endsRequest(received) && received.streamId === 9)
        connection.send(goaway(3), reply(1), reply(3));
    });
    const upstream = connect({ targets: targetsOf(peer.port) });
    await Promise.all(Array.from({ length: 5 }, () => ask(upstream)));
    expect(peer.connections.map(({ requests }) => requests)).toEqual([5, 3]);
  });

  it("sends all again, many times if need be, until the deadline", async () => {
    const peer = await startPeer((received, connection) => {
      if (!endsRequest(received)) return;
      if (peer.connections.length < 4) connection.send(goaway(0));
      else answer(received, connection);
    });
    const upstream = connect({ targets: targetsOf(peer.port) });
    await ask(upstream);
    expect(peer.connections.length).toBe(4);
  });

  it("and the end of the connection right after it fail only what the peer may have done", async () => {
    const peer = await startPeer((received, connection) => {
      if (peer.connections[0] !== connection) answer(received, connection);
      else if (endsRequest(received) && received.streamId === 5) {
        connection.send(goaway(1));
        connection.socket.end();
      }
    });
    const upstream = connect({ targets: targetsOf(peer.port) });
    const results = await Promise.allSettled(Array.from({ length: 3 }, () => ask(upstream)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(results[0]).toMatchObject({ reason: { code: Code.UNAVAILABLE } });
  });
});

describe("a connection that is lost", () => {
  it("fails what was sent on it", async () => {
    const peer = await startPeer((received, connection) => {
      if (!endsRequest(received)) return;
      if (connection === peer.connections[0]) connection.socket.destroy();
      else answer(received, connection);
    });
    const upstream = connect({ targets: targetsOf(peer.port) });
    const context = testContext();
    const failure = await failureOf(upstream.unary(unaryMethod, empty, context));
    expect(failure.code).toBe(Code.UNAVAILABLE);
    expect(context.listeners.size).toBe(0);
    await ask(upstream);
    expect(peer.connections.length).toBe(2);
  });

  it("before anything of a call was written does not fail the call", async () => {
    const peer = await startPeer(answer);
    const upstream = connect({ targets: targetsOf(peer.port) });
    for (let round = 1; round <= 20; round++) {
      await ask(upstream);
      // The reset is in the system's hands when the call is made, whose bytes are written after this tick.
      peer.connections.at(-1)!.socket.resetAndDestroy();
      await ask(upstream);
      expect(peer.connections.length).toBe(round + 1);
    }
  });

  it("without a word is found out by a call that waits in vain, and then replaced", async () => {
    const peer = await startPeer((received, connection) => {
      if (peer.connections[0] !== connection || connection.requests < 2) answer(received, connection);
      else connection.socket.pause();
    });
    const upstream = connect({ targets: targetsOf(peer.port), keepaliveTimeoutMs: 100 });
    await ask(upstream);
    expect((await failureOf(ask(upstream, 200))).code).toBe(Code.DEADLINE_EXCEEDED);
    const started = performance.now();
    while ((await ask(upstream, 400).catch(() => undefined)) === undefined) {
      expect(performance.now() - started).toBeLessThan(10_000);
    }
    expect(peer.connections.length).toBe(2);
  });

  it("without a word is found out by pings, if they are asked for", async () => {
    const peer = await startPeer((received, connection) => {
      if (endsRequest(received)) connection.socket.pause();
    });
    const upstream = connect({
      targets: targetsOf(peer.port),
      keepaliveTimeMs: 100,
      keepaliveTimeoutMs: 100,
    });
    expect(await failureOf(ask(upstream))).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "the connection was lost: the peer does not answer",
    });
  });
});

describe("an upstream that is down", () => {
  async function closedPort(): Promise<number> {
    const peer = await startRawPeer(() => {});
    await peer.close();
    return peer.port;
  }

  it("lets calls wait a while, and fails later ones at once", async () => {
    const port = await closedPort();
    const upstream = connect({ targets: targetsOf(port), maxConnectWaitMs: 300 });
    const started = performance.now();
    const context = testContext();
    const failure = await failureOf(upstream.unary(unaryMethod, empty, context));
    expect(failure).toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("ECONNREFUSED"),
    });
    expect(performance.now() - started).toBeGreaterThan(250);
    expect(context.listeners.size).toBe(0);
    const again = performance.now();
    await failureOf(ask(upstream));
    expect(performance.now() - again).toBeLessThan(200);
  });

  it("is waited for up to the deadline, if that is asked for", async () => {
    const port = await closedPort();
    const upstream = connect({ targets: targetsOf(port), maxConnectWaitMs: Number.POSITIVE_INFINITY });
    expect((await failureOf(ask(upstream, 500))).code).toBe(Code.DEADLINE_EXCEEDED);
    const waiting = ask(upstream);
    await wait(300);
    await startPeer(answer, { port });
    await waiting;
  });

  it("that takes connections and says nothing fails calls in time", async () => {
    const mute = net.createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    closers.push(() => mute.close());
    const { port } = mute.address() as net.AddressInfo;
    const upstream = connect({ targets: targetsOf(port), connectTimeoutMs: 200, maxConnectWaitMs: 0 });
    expect(await failureOf(ask(upstream))).toMatchObject({
      code: Code.UNAVAILABLE,
      message: expect.stringContaining("not connected within 200 ms"),
    });
  });

  it("that speaks something else fails calls", async () => {
    const other = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    closers.push(() => other.close());
    const { port } = other.address() as net.AddressInfo;
    const upstream = connect({ targets: targetsOf(port), maxConnectWaitMs: 0 });
    expect((await failureOf(ask(upstream))).code).toBe(Code.UNAVAILABLE);
  });
});

describe("a peer that is restarted 100 times under load", () => {
  it("loses no call that it can have told us of", async () => {
    // A gRPC server that shuts down as it should: GOAWAY, what is under way finishes, then the port is free.
    let server = await startUpstream();
    const { port } = server;
    const upstream = connect({ targets: targetsOf(port) });
    let running = true;
    let calls = 0;
    const failures: string[] = [];
    const workers = Array.from({ length: 8 }, async () => {
      while (running) {
        await ask(upstream).catch((thrown: Error) => failures.push(thrown.message));
        calls++;
      }
    });
    for (let i = 0; i < 100; i++) {
      const before = calls;
      while (calls <= before + 10) await wait(5);
      await server.shutdown();
      server = await startUpstream({}, port);
    }
    running = false;
    await Promise.all(workers);
    closers.push(() => server.stop());
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(1_000);
  });
});

describe("an upstream that is not needed", () => {
  it("closes its connections, and makes others when it is", async () => {
    const peer = await startPeer(answer);
    const upstream = connect({ targets: targetsOf(peer.port), idleTimeoutMs: 0 });
    await ask(upstream);
    const [first] = peer.connections;
    const end = Date.now() + 5_000;
    while (!first!.socket.closed && Date.now() < end) await wait(50);
    expect(first!.socket.closed).toBe(true);
    expect(peer.connections.length).toBe(1);
    await ask(upstream);
    expect(peer.connections.length).toBe(2);
  });

  it("is closed with all that waits and all that is under way, and leaves nothing", async () => {
    const count = () =>
      process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Pipe/.test(name)).length;
    const peer = await startPeer(() => {}, { peerSettings: settings([3, 1]) });
    const before = count();
    const upstream = connect({ targets: targetsOf(peer.port), maxConnectionsPerAddress: 1 });
    const contexts = [testContext(), testContext()];
    const failures = contexts.map((context) => failureOf(upstream.unary(unaryMethod, empty, context)));
    await until(() => peer.framesOf(FrameType.HEADERS).length === 1);
    await upstream.close();
    for (const failure of failures) {
      expect(await failure).toMatchObject({ code: Code.UNAVAILABLE });
    }
    expect(await failureOf(ask(upstream))).toMatchObject({ message: "the upstream was closed" });
    expect(contexts.map(({ listeners }) => listeners.size)).toEqual([0, 0]);
    for (const { socket } of peer.connections) socket.destroy();
    await until(() => count() <= before);
  });
});
