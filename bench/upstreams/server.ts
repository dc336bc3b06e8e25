import { createGateway } from "@portico/runtime";
import { api } from "../../gen/gateway.js";
import type { Identity } from "../lib/control.js";
import { answer, paths } from "./answers.js";

/** What an upstream has seen since the last reset. */
export interface UpstreamCounts {
  /** Calls by path. */
  readonly calls: Readonly<Record<string, number>>;
  /** Those of them that came without a deadline: the gateway forgot it. */
  readonly withoutDeadline: number;
}

/**
 * Upstream services of the bench. They are served by Portico's runtime, since a server on grpc-js or node:http2 would take
 * more CPU than the gateways that are measured, and set the pace; it is the same for all of them.
 */
export interface UpstreamServer {
  /** Listens on a free port of 127.0.0.1 and answers with "host:port". */
  listen(): Promise<string>;
  counts(): UpstreamCounts;
  reset(): void;
}

// A call that may take nearly as long as our own limit has no deadline of its client's.
const LONGEST_MS = 3_600_000;
const WITHOUT_DEADLINE_MS = LONGEST_MS / 2;
// All requests of a bench are under way on one connection.
const MIB = 1024 * 1024;

/** Makes a server for all methods of answers.ts. */
export function createUpstreamServer(identity: Identity | undefined): UpstreamServer {
  const calls = new Map<string, number>();
  let withoutDeadline = 0;
  const routes = Object.values(paths).map((path) => ({
    path,
    kind: "unary" as const,
    policy: { kind: "public" } as const,
    timeoutMs: LONGEST_MS,
    async handler(request: Uint8Array, call: { readonly deadlineMs: number }): Promise<Uint8Array> {
      calls.set(path, (calls.get(path) ?? 0) + 1);
      if (call.deadlineMs - Date.now() > WITHOUT_DEADLINE_MS) withoutDeadline++;
      return answer(path, request);
    },
  }));
  const server = createGateway({
    api: { version: api.version, routes, upstreams: [] },
    upstreams: {},
    limits: { maxRequestBytes: MIB, maxResponseBytes: MIB },
    host: "127.0.0.1",
    port: 0,
    transport: "http2",
    ...(identity !== undefined && { tls: identity }),
  });
  return {
    async listen() {
      const { port } = await server.listen();
      // A certificate is for a name.
      return identity === undefined ? `127.0.0.1:${port}` : `localhost:${port}`;
    },
    counts: () => ({ calls: Object.fromEntries(calls), withoutDeadline }),
    reset() {
      calls.clear();
      withoutDeadline = 0;
    },
  };
}
