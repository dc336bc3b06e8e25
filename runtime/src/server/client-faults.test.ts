import net from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import {
  block,
  data,
  FrameType,
  frame,
  PREFACE,
  reset,
  settings,
  uint32Bytes,
  windowUpdate,
} from "../http2/raw.test.support.js";
import {
  envelope,
  startGateway,
  type TestGateway,
  testApi,
  transports,
  until,
} from "./peers.test.support.js";

// What a client can do wrong in the middle of a call: the call ends, what it holds is let go, and others are served.

const CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xffffffff];

describe.each(transports)("with the transport %s, a client", (transport) => {
  let served: TestGateway;
  const sockets: net.Socket[] = [];
  let started = 0;
  let cancelled = 0;
  let release = () => {};

  const open = { policy: { kind: "public" }, timeoutMs: 60_000 } as const;
  const routes: Route[] = [
    {
      ...open,
      kind: "unary",
      path: "/a.A/Held",
      handler: (request, call) =>
        new Promise((resolve, reject) => {
          started++;
          release = () => resolve(request);
          call.onCancel(() => {
            cancelled++;
            reject(new Error("cancelled"));
          });
        }),
    },
    {
      ...open,
      kind: "server_streaming",
      path: "/a.A/Endless",
      async *handler(_request, call) {
        started++;
        call.onCancel(() => cancelled++);
        for (;;) {
          yield new Uint8Array(10_000);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    },
    { ...open, kind: "unary", path: "/a.A/Echo", handler: async (request) => request },
  ];

  beforeAll(async () => {
    served = await startGateway({
      upstreams: { "internal.v1.Echo": "127.0.0.1:1" },
      api: testApi(routes),
      transport,
    });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => served.close());

  const head = (id: number, method: string) =>
    frame(
      FrameType.HEADERS,
      4,
      id,
      block([
        [":method", "POST"],
        [":scheme", "http"],
        [":path", `/a.A/${method}`],
        [":authority", "gateway"],
        ["content-type", "application/grpc"],
        ["te", "trailers"],
      ]),
    );
  const body = envelope(Buffer.from("x"));

  /** A connection on which the test says what it likes; `types` are those of the frames that come, but for SETTINGS. */
  function connect({ allowHalfOpen = false } = {}) {
    const socket = net.connect({ port: served.port, host: "127.0.0.1", allowHalfOpen });
    sockets.push(socket);
    socket.on("error", () => {});
    let bytes = Buffer.alloc(0);
    let closed = false;
    const frames: Array<{ type: number; streamId: number; payload: Buffer }> = [];
    socket.once("close", () => {
      closed = true;
    });
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const end = 9 + bytes.readUIntBE(0, 3);
        frames.push({ type: bytes[3]!, streamId: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) });
        bytes = bytes.subarray(end);
      }
    });
    socket.write(Buffer.concat([PREFACE, settings(), windowUpdate(0, 2 ** 30)]));
    return {
      socket,
      frames,
      send: (...parts: Buffer[]) => socket.write(Buffer.concat(parts)),
      isClosed: () => closed,
      /** Whether the end of an answer has come on a stream. */
      isAnswered: (id: number) =>
        frames.filter(({ type, streamId }) => type === FrameType.HEADERS && streamId === id).length === 2,
    };
  }

  async function isServing(): Promise<void> {
    expect((await served.client.unary("/a.A/Echo", Buffer.from("x"))).code).toBe(Code.OK);
  }

  it("that resets its streams, with any code, cancels what they do, and is served on", async () => {
    const { send, isAnswered, isClosed, frames } = connect();
    let id = 1;
    for (const code of CODES) {
      // Before the request is there, in the middle of it, while it is worked on, and in the middle of the answer.
      send(head(id, "Held"), reset(id, code));
      send(head(id + 2, "Held"), data(id + 2, body.subarray(0, 3)));
      send(reset(id + 2, code));
      [started, cancelled] = [0, 0];
      send(head(id + 4, "Held"), data(id + 4, body, true));
      await until(() => started === 1);
      send(reset(id + 4, code));
      await until(() => cancelled === 1);
      send(head(id + 6, "Endless"), data(id + 6, body, true));
      const answer = id + 6;
      await until(() => frames.some(({ type, streamId }) => type === FrameType.DATA && streamId === answer));
      send(reset(id + 6, code));
      await until(() => cancelled === 2);
      send(head(id + 8, "Echo"), data(id + 8, body, true));
      const last = id + 8;
      await until(() => isAnswered(last));
      id += 10;
    }
    expect(isClosed()).toBe(false);
  });

  it("that goes away (GOAWAY) in the middle of a call still gets its answer", async () => {
    const { send, isAnswered } = connect();
    started = 0;
    send(head(1, "Held"), data(1, body, true));
    await until(() => started === 1);
    send(frame(FrameType.GOAWAY, 0, 0, [...uint32Bytes(0), ...uint32Bytes(0)]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await until(() => isAnswered(1));
  });

  it("that closes its half of the connection (FIN) in the middle of a call cancels it, and is let go", async () => {
    const { socket, send, isClosed } = connect({ allowHalfOpen: true });
    [started, cancelled] = [0, 0];
    send(head(1, "Held"), data(1, body, true));
    await until(() => started === 1);
    socket.end();
    await until(() => cancelled === 1);
    socket.resume();
    await until(isClosed);
    await isServing();
  });

  it("that vanishes (RST) in the middle of a call cancels it", async () => {
    const { socket, send } = connect();
    [started, cancelled] = [0, 0];
    send(head(1, "Held"), data(1, body, true), head(3, "Endless"), data(3, body, true));
    await until(() => started === 2);
    socket.resetAndDestroy();
    await until(() => cancelled === 2);
    await isServing();
  });

  it("that promises 2 GiB in a message is told no, before anything is kept for it", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const { send, frames, isClosed } = connect();
    send(head(1, "Echo"), data(1, envelope(Buffer.from("x"), { length: 2 ** 31 })));
    await until(() => frames.some(({ type, streamId }) => type === FrameType.HEADERS && streamId === 1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
    expect(isClosed()).toBe(false);
  });

  // nghttp2 says so, and Node.js leaves the connection until it is idle.
  const loses = transport === "http2" ? "loses its connection" : "is told to go";
  it(`that promises 16 MiB in a frame ${loses}`, async () => {
    const { send, isClosed, frames } = connect();
    send(head(1, "Echo"), Buffer.from([0xff, 0xff, 0xff, FrameType.DATA, 0, 0, 0, 0, 1]));
    const goaway = () => frames.find(({ type }) => type === FrameType.GOAWAY);
    await until(() => goaway() !== undefined);
    expect(goaway()!.payload.readUInt32BE(4)).toBe(6);
    if (transport === "http2") await until(isClosed);
    await isServing();
  });

  it("that opens no window gets what needs none, and holds nobody else up", async () => {
    const { send, frames } = connect();
    send(settings([4, 0]), head(1, "Echo"), data(1, body, true));
    await until(() => frames.some(({ type, streamId }) => type === FrameType.HEADERS && streamId === 1));
    await isServing();
    send(settings([4, 65_535]));
    await until(() => frames.some(({ type, streamId }) => type === FrameType.DATA && streamId === 1));
  });
});
