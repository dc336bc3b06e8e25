import { Call, defaultLimits, type Method, type Upstream } from "@portico/runtime";
import { routes } from "../../gen/smpl/api/orders/v1/orders_gateway.js";
import { type Case, reply } from "./case.js";

const route = routes.find(({ path }) => path.endsWith("/ListOrdersWithUser"));
if (route?.kind !== "unary") throw new Error("no route");
const { handler } = route;

function noStreams(): never {
  throw new Error("no streams");
}

/** Answers a case by the generated handler, in memory. */
export function portico(one: Case): () => Promise<Uint8Array> {
  const upstream: Upstream = {
    unary: async (method: Method, request: Uint8Array) => reply(one, method.path, request),
    serverStream: noStreams,
    clientStream: noStreams,
    bidiStream: noStreams,
    close: async () => {},
  };
  return () => {
    const init = { upstream, limits: defaultLimits, requestId: "bench", principal: undefined, metadata: [] };
    return handler(one.request, new Call({ ...init, deadlineMs: Date.now() + 10_000 }));
  };
}
