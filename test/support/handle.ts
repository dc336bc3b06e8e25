import type { DescMessage, FileRegistry, JsonValue } from "@bufbuild/protobuf";
import { fromJson, toBinary } from "@bufbuild/protobuf";
import type { Call, Route } from "@portico/runtime";

/** One request, or several: JSON, or bytes as they are. */
export type Request = JsonValue | Uint8Array;
export type Requests = Iterable<Request> | AsyncIterable<Request>;

/** Calls a handler of any kind with one request, or with `requests` where it takes a stream. */
export function handle(
  route: Route,
  request: Uint8Array,
  requests: AsyncIterable<Uint8Array>,
  call: Call,
): Promise<Uint8Array> | AsyncIterable<Uint8Array> {
  switch (route.kind) {
    case "unary":
    case "server_streaming":
      return route.handler(request, call);
    case "client_streaming":
    case "bidi_streaming":
      return route.handler(requests, call);
  }
}

/** Encodes requests as they are asked for. */
export async function* encodeAll(
  requests: Requests,
  desc: DescMessage,
  registry: FileRegistry,
): AsyncGenerator<Uint8Array> {
  for await (const request of requests) {
    yield request instanceof Uint8Array ? request : toBinary(desc, fromJson(desc, request, { registry }));
  }
}
