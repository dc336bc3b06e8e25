import { once } from "node:events";
import net from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Code } from "../call/error.js";
import type { Route } from "../call/route.js";
import { frontLimits } from "./front.js";
import {
  envelope,
  startGateway,
  startUpstream,
  type TestGateway,
  type TestUpstream,
  targetsOf,
  testApi,
} from "./peers.test.support.js";

let upstream: TestUpstream;
let served: TestGateway;
let ran = 0;

const fast: Route = {
  path: "/api.v1.Api/Fast",
  policy: { kind: "public" },
  timeoutMs: 5_000,
  kind: "unary",
  async handler(request) {
    ran++;
    return request;
  },
};

beforeAll(async () => {
  upstream = await startUpstream();
  served = await startGateway({
    transport: "node",
    upstreams: targetsOf(upstream),
    api: testApi([fast]),
  });
});
afterAll(async () => {
  await served.close();
  upstream.stop();
});

function frame(type: number, flags: number, streamId: number, payload: readonly number[]): Buffer {
  const { length } = payload;
  const id = [streamId >>> 24, (streamId >>> 16) & 255, (streamId >>> 8) & 255, streamId & 255];
  return Buffer.from([length >>> 16, (length >>> 8) & 255, length & 255, type, flags, ...id, ...payload]);
}

const text = (value: string) => [value.length, ...Buffer.from(value)];
const requestHeaders = Object.entries({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/api.v1.Api/Fast",
  ":authority": "x",
  "content-type": "application/grpc",
}).flatMap(([name, value]) => [0, ...text(name), ...text(value)]);
const body = [...envelope(Buffer.from("x"))];

/** Requests of one connection, each reset by the client right behind its end. */
function resetRequests(first: number, count: number, code: number): Buffer {
  const frames: Buffer[] = [];
  for (let i = first; i < first + count; i++) {
    const id = 2 * i + 1;
    frames.push(frame(1, 4, id, requestHeaders), frame(0, 1, id, body), frame(3, 0, id, [0, 0, 0, code]));
  }
  return Buffer.concat(frames as never[]);
}

async function connect(): Promise<net.Socket> {
  const socket = net.connect(served.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(4, 0, 0, []) as never);
  await once(socket, "data");
  return socket;
}

const CANCEL = 8;
const NO_ERROR = 0;

it.each([
  ["all at once", 10_000, CANCEL],
  ["a hundred at a time", 100, CANCEL],
  ["one at a time", 1, CANCEL],
  ["a hundred at a time, without an error", 100, NO_ERROR],
])("resets behind requests that are answered at once end the connection: %s", async (_name, each, code) => {
  ran = 0;
  served.log.length = 0;
  const socket = await connect();
  let closed = false;
  socket.once("close", () => {
    closed = true;
  });
  for (let i = 0; i < 10_000 && !closed; i += each) {
    socket.write(resetRequests(i, each, code) as never);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const end = performance.now() + 5_000;
  while (!closed && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  expect(closed).toBe(true);
  expect(ran).toBeLessThanOrEqual(2 * frontLimits.resetBurst + 1);
  expect(served.log).toContainEqual(expect.objectContaining({ cause: "the client resets too many streams" }));
  expect((await served.client.unary("Fast", Buffer.from("x"))).code).toBe(Code.OK);
});

it("some cancelled requests are no reason to end a connection", async () => {
  ran = 0;
  const socket = await connect();
  socket.write(resetRequests(0, frontLimits.resetBurst - 1, CANCEL) as never);
  const answered = once(socket, "data");
  socket.write(frame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]) as never);
  await answered;
  expect(ran).toBeGreaterThan(0);
  expect(socket.closed).toBe(false);
  socket.destroy();
});
