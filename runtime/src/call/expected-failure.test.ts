import { expect, it } from "vitest";
import { type Method, UpstreamError } from "../upstream/upstream.js";
import { Call } from "./call.js";
import { Code } from "./error.js";
import type { Lookup } from "./join.js";
import { defaultLimits } from "./limits.js";

const method: Method = { service: "s.S", name: "GetOne", path: "/s.S/GetOne", kind: "unary" };

function callThatFails(code: number) {
  const told: unknown[] = [];
  const call = new Call({
    upstream: {
      unary: async () => {
        throw new UpstreamError(code, "no", method);
      },
      serverStream: async function* () {},
      clientStream: async () => new Uint8Array(),
      bidiStream: async function* () {},
      close: async () => {},
    },
    limits: defaultLimits,
    requestId: "1",
    deadlineMs: Date.now() + 10_000,
    principal: undefined,
    metadata: [],
    onUpstreamError: (failure) => told.push(failure),
  });
  return { call, told };
}

const lookup = (mode: Lookup["mode"]): Lookup => ({
  name: "s.S/GetOne",
  method,
  mode,
  batchSize: 1,
  maxKeys: 1,
  maxRows: 1,
  ask: () => {},
  match: () => {},
});

// NOT_FOUND for a key is an answer: a request that then ends well is not to be logged as degraded.
it.each<[Lookup["mode"], number, number]>([
  ["each", Code.NOT_FOUND, 0],
  ["each", Code.UNAVAILABLE, 1],
  ["batch", Code.NOT_FOUND, 1],
])("a join of mode %s that fails with %i tells of %i failures", async (mode, code, count) => {
  const { call, told } = callThatFails(code);
  await expect(call.readJoin(lookup(mode), new Uint8Array())).rejects.toMatchObject({ code });
  expect(told).toHaveLength(count);
});
