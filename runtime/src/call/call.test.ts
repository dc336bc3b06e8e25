import { describe, expect, it } from "vitest";
import { type Method, type Upstream, UpstreamError } from "../upstream/upstream.js";
import { Call } from "./call.js";
import { Code, PorticoError } from "./error.js";
import { defaultLimits } from "./limits.js";

const method: Method = { service: "s", name: "m", path: "/s/m", kind: "unary" };
const notHere = () => {
  throw new Error("not here");
};
/** An upstream whose calls end when the test says so, or are cancelled. */
function manual() {
  const open: Array<{ answer: (bytes: Uint8Array) => void; fail: (code: number) => void }> = [];
  const upstream: Upstream = {
    unary: (_, __, context) =>
      new Promise((resolve, reject) => {
        const fail = (code: number) => reject(new UpstreamError(code, "secret", method));
        const remove = context.onCancel(() => fail(Code.CANCELLED));
        const done =
          <T>(end: (value: T) => void) =>
          (value: T) => {
            remove();
            end(value);
          };
        open.push({ answer: done(resolve), fail: done(fail) });
      }),
    serverStream: notHere,
    clientStream: notHere,
    bidiStream: notHere,
    close: async () => {},
  };
  const call = new Call({
    upstream,
    limits: { ...defaultLimits, maxConcurrentCalls: 2 },
    requestId: "r",
    deadlineMs: Date.now() + 60_000,
    principal: undefined,
    metadata: [],
  });
  return { call, open };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const bytes = new Uint8Array(0);

describe("Call", () => {
  it("hands a place on to those that wait, in order", async () => {
    const { call, open } = manual();
    const all = [0, 1, 2, 3].map(() => call.unary(method, bytes));
    await turn();
    expect(open).toHaveLength(2);
    open[0]!.answer(bytes);
    await turn();
    expect(open).toHaveLength(3);
    for (const n of [1, 2]) open[n]!.answer(bytes);
    await turn();
    open[3]!.answer(bytes);
    await Promise.all(all);
    expect(call.upstreamCalls).toBe(4);
    expect(call.listeners).toBe(0);
  });

  it("goes on where a failed call is not the end of it", async () => {
    const { call, open } = manual();
    const all = [0, 1, 2].map(() => call.unary(method, bytes).catch((thrown: PorticoError) => thrown.code));
    await turn();
    open[0]!.fail(Code.NOT_FOUND);
    open[1]!.answer(bytes);
    await turn();
    await turn();
    open[2]!.answer(bytes);
    expect(await Promise.all(all)).toEqual([Code.NOT_FOUND, bytes, bytes]);
  });

  it("ends all that run and wait with the first failure", async () => {
    const { call, open } = manual();
    const all = [0, 1, 2, 3].map(() => call.unary(method, bytes).catch((thrown: unknown) => thrown));
    await turn();
    const failure = new PorticoError(Code.ABORTED, "aborted");
    call.cancel(failure);
    call.cancel(new PorticoError(Code.INTERNAL, "too late"));
    expect(await Promise.all(all)).toEqual([failure, failure, failure, failure]);
    expect(open).toHaveLength(2);
    expect(call.failure).toBe(failure);
    expect(call.listeners).toBe(0);
    await expect(call.unary(method, bytes)).rejects.toBe(failure);
  });

  it("steps: whoever awaits any of them gets the failure that came first", async () => {
    const { call, open } = manual();
    const slow = call.run(() => call.unary(method, bytes));
    const failing = call.run(() => call.unary(method, bytes));
    await turn();
    open[1]!.fail(Code.ABORTED);
    await expect(slow).rejects.toMatchObject({ code: Code.ABORTED, message: "aborted" });
    await expect(failing).rejects.toMatchObject({ code: Code.ABORTED });
  });

  it("tells a listener at once where it has ended already", () => {
    const { call } = manual();
    call.cancel(new PorticoError(Code.CANCELLED, "cancelled"));
    let told = 0;
    call.onCancel(() => told++)();
    expect(told).toBe(1);
  });
});
