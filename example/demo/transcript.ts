import { isDeepStrictEqual } from "node:util";
import {
  create,
  type DescMethodUnary,
  type JsonObject,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { CallLog } from "../services/shared/call-log.js";
import { fullName } from "../services/shared/grpc.js";
import type { UnaryClient } from "./client.js";
import { tableOf } from "./table.js";
import type { DemoTokens } from "./tokens.js";

/** One public call; messages as protobuf JSON. */
export interface TranscriptEntry {
  readonly method: string;
  readonly request: JsonObject;
  readonly response?: JsonObject;
  /** Instead of a response: the name of the gRPC status. */
  readonly error?: { readonly code: string };
  /** Full names of the internal methods called for it, as the services have counted. */
  readonly upstreamCalls: readonly string[];
}

/** How a call is made and what it must take. */
export interface Expected {
  /** Whose token is sent; absent: none. */
  readonly as?: "viewer" | "admin";
  /** The internal methods that the gateway must call, in the order of arrival. */
  readonly upstreamCalls: readonly string[];
}

/** Makes public calls, prints each, and keeps them. */
export interface Transcript {
  readonly entries: readonly TranscriptEntry[];
  /** Throws when the call fails, or takes other upstream calls than expected. */
  call<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
    expected: Expected,
  ): Promise<MessageShape<M["output"]>>;
  /** The same for a call that must fail with `code`. */
  denied<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
    expected: Expected & { readonly code: status },
  ): Promise<void>;
}

export function createTranscript(
  client: UnaryClient,
  tokens: DemoTokens,
  calls: CallLog,
  print: (line: string) => void,
): Transcript {
  const entries: TranscriptEntry[] = [];

  const tokenOf = ({ as }: Expected) => (as === undefined ? undefined : tokens[as]);

  const begin = (
    method: DescMethodUnary,
    init: MessageInitShape<DescMethodUnary["input"]>,
    { as }: Expected,
  ): JsonObject => {
    calls.reset();
    const request = toJson(method.input, create(method.input, init)) as JsonObject;
    print(`\n${fullName(method)} (${as === undefined ? "without a token" : `as ${as}`})`);
    print(`  ${JSON.stringify(request)}`);
    return request;
  };

  const end = (entry: TranscriptEntry, expected: Expected) => {
    entries.push(entry);
    const { method, upstreamCalls } = entry;
    const count = upstreamCalls.length;
    print(`  ${count} upstream ${count === 1 ? "call" : "calls"}${count === 0 ? "" : ":"}`);
    for (const name of upstreamCalls) print(`    ${name}`);
    for (const line of entry.response === undefined ? [] : tableOf(entry.response)) print(`  ${line}`);
    if (!isDeepStrictEqual(upstreamCalls, expected.upstreamCalls)) {
      const wanted = expected.upstreamCalls.join(", ") || "none";
      throw new Error(`${method} made other upstream calls than expected, which are: ${wanted}`);
    }
  };

  return {
    entries,
    call: async (method, init, expected) => {
      const request = begin(method, init, expected);
      const response = await client.call(method, init, tokenOf(expected)).catch((cause: unknown) => {
        throw new Error(`${fullName(method)} failed`, { cause });
      });
      const json = toJson(method.output, response) as JsonObject;
      end({ method: fullName(method), request, response: json, upstreamCalls: [...calls.methods] }, expected);
      return response;
    },
    denied: async (method, init, expected) => {
      const request = begin(method, init, expected);
      const code = await client.call(method, init, tokenOf(expected)).then(
        () => status.OK,
        (error: { code?: status }) => error.code ?? status.UNKNOWN,
      );
      print(`  denied: ${status[code]}`);
      const error = { code: status[code] };
      end({ method: fullName(method), request, error, upstreamCalls: [...calls.methods] }, expected);
      if (code !== expected.code)
        throw new Error(`${fullName(method)} should answer ${status[expected.code]}`);
    },
  };
}
