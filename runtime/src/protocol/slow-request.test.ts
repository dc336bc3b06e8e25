import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Code } from "../grpc/code.js";
import { TimerWheel } from "../time/timer-wheel.js";
import { envelop } from "./envelope.js";
import { GrpcExchange } from "./grpc-exchange.js";
import type { HttpReceiver, HttpStream } from "./http-stream.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An exchange on a stream that the test plays; `errors` are those of its request. */
function start() {
  const stream = {
    headers: {},
    receiver: undefined as unknown as HttpReceiver,
    read() {},
    pause() {},
  };
  const wheel = new TimerWheel();
  const exchange = new GrpcExchange(stream as unknown as HttpStream, "id", {
    compressMinBytes: Number.POSITIVE_INFINITY,
    wheel,
  });
  const errors: number[] = [];
  let messages = 0;
  exchange.receiver = {
    onRequest: () => messages++,
    onRequestEnd() {},
    onBadRequest: ({ code }) => errors.push(code),
    onDrain() {},
    onGone() {},
  };
  return { exchange, stream, errors, wheel, messages: () => messages };
}

const message = envelop(new Uint8Array(100));

it("a request that trickles ends, however long its deadline is", () => {
  const { exchange, stream, errors, wheel } = start();
  exchange.read(1_000_000);
  for (let second = 0; second < 9; second++) {
    stream.receiver.onData(message.subarray(second, second + 1));
    vi.advanceTimersByTime(1_000);
  }
  expect(errors).toEqual([]);
  for (let second = 9; second < 12; second++) {
    stream.receiver.onData(message.subarray(second, second + 1));
    vi.advanceTimersByTime(1_000);
  }
  expect(errors).toEqual([Code.DEADLINE_EXCEEDED]);
  expect(wheel.size).toBe(0);
});

it("a request that is there, but does not end, ends as well", () => {
  const { exchange, stream, errors } = start();
  exchange.read(1_000_000);
  stream.receiver.onData(message);
  vi.advanceTimersByTime(11_000);
  expect(errors).toEqual([Code.DEADLINE_EXCEEDED]);
});

it("a request that has come is not watched any more", () => {
  const { exchange, stream, errors, wheel, messages } = start();
  exchange.read(1_000_000);
  stream.receiver.onData(message.subarray(0, 50));
  vi.advanceTimersByTime(5_000);
  stream.receiver.onData(message.subarray(50));
  stream.receiver.onEnd();
  expect(wheel.size).toBe(0);
  vi.advanceTimersByTime(100_000);
  expect([errors, messages()]).toEqual([[], 1]);
});

it("a stream may be silent between messages, and not within one", () => {
  const { exchange, stream, errors, messages } = start();
  exchange.readStream(1_000_000);
  exchange.pull();
  vi.advanceTimersByTime(100_000);
  stream.receiver.onData(message);
  expect(messages()).toBe(1);
  // The beginning of the next, for which nobody has asked: the client cannot be late with it.
  stream.receiver.onData(message.subarray(0, 10));
  vi.advanceTimersByTime(100_000);
  exchange.pull();
  vi.advanceTimersByTime(9_000);
  expect(errors).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(errors).toEqual([Code.DEADLINE_EXCEEDED]);
});

it("nothing is watched when the stream has gone", () => {
  for (const kind of ["read", "readStream"] as const) {
    const { exchange, stream, errors, wheel } = start();
    exchange[kind](1_000_000);
    if (kind === "readStream") exchange.pull();
    stream.receiver.onData(message.subarray(0, 10));
    expect(wheel.size).toBe(1);
    stream.receiver.onClose();
    expect(wheel.size).toBe(0);
    vi.advanceTimersByTime(100_000);
    expect(errors).toEqual([]);
  }
});
