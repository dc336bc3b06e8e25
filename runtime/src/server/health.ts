import type { Call } from "../call/call.js";
import { Code, PorticoError } from "../call/error.js";
import type { ServedRoute } from "./pipeline.js";

/** A service's status, by the numbers of grpc.health.v1. */
const Serving = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
type Serving = (typeof Serving)[keyof typeof Serving];

const MAX_WATCHERS = 1000;

/** The standard health service. */
export interface Health {
  /** Check and Watch of grpc.health.v1.Health, for every service of `services` and for "", the whole gateway. */
  readonly routes: readonly ServedRoute[];
  /** From now on all services are NOT_SERVING; whoever watches is told, and its stream ends. */
  drain(): void;
}

/**
 * The standard health service, served without authentication. It says whether this gateway takes requests, and not
 * whether its upstreams do: otherwise one failing upstream would take all gateways out of service.
 *
 * @see https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto
 */
export function health(services: readonly string[]): Health {
  const known = new Set(["", ...services]);
  const wakeWatchers = new Set<() => void>();
  let draining = false;

  function statusOf(service: string): Serving {
    if (!known.has(service)) return Serving.SERVICE_UNKNOWN;
    return draining ? Serving.NOT_SERVING : Serving.SERVING;
  }

  async function check(request: Uint8Array): Promise<Uint8Array> {
    const status = statusOf(readService(request));
    if (status === Serving.SERVICE_UNKNOWN) throw new PorticoError(Code.NOT_FOUND, "unknown service");
    return writeStatus(status);
  }

  async function* watch(request: Uint8Array, call: Call): AsyncGenerator<Uint8Array, void> {
    const service = readService(request);
    if (wakeWatchers.size >= MAX_WATCHERS) {
      throw new PorticoError(Code.RESOURCE_EXHAUSTED, "too many streams watch the health");
    }
    yield writeStatus(statusOf(service));
    // The one change there can be is the drain.
    if (!draining) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          wakeWatchers.delete(wake);
          removeListener();
          resolve();
        };
        wakeWatchers.add(wake);
        let removeListener = () => {};
        removeListener = call.onCancel(wake);
      });
      if (call.failure !== undefined) return;
      yield writeStatus(statusOf(service));
    }
    throw new PorticoError(Code.UNAVAILABLE, "the gateway is shutting down");
  }

  return {
    routes: [
      { ...base, path: "/grpc.health.v1.Health/Check", timeoutMs: 5_000, kind: "unary", handler: check },
      {
        ...base,
        path: "/grpc.health.v1.Health/Watch",
        timeoutMs: Number.POSITIVE_INFINITY,
        kind: "server_streaming",
        handler: watch,
      },
    ],
    drain() {
      draining = true;
      for (const wake of [...wakeWatchers]) wake();
    },
  };
}

const base = { policy: { kind: "public" }, unauthenticated: true } as const;
const MAX_SERVICE_BYTES = 1024;

/** `string service = 1` of HealthCheckRequest; other fields are not known to be there. */
function readService(request: Uint8Array): string {
  if (request.byteLength === 0) return "";
  const length = request[1]!;
  const longForm = length >= 0x80;
  const start = longForm ? 3 : 2;
  const end = start + (longForm ? (length & 0x7f) + (request[2]! << 7) : length);
  if (request[0] !== 0x0a || end !== request.byteLength || end > MAX_SERVICE_BYTES) {
    throw new PorticoError(Code.INVALID_ARGUMENT, "malformed health check request");
  }
  return Buffer.from(request.buffer, request.byteOffset + start, end - start).toString("utf8");
}

/** `ServingStatus status = 1` of HealthCheckResponse. */
function writeStatus(status: Serving): Uint8Array {
  return new Uint8Array([0x08, status]);
}
