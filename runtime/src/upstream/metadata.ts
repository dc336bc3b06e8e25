import { Code } from "../grpc/code.js";
import { type Method, type UpstreamContext, UpstreamError } from "./upstream.js";

type Metadata = UpstreamContext["metadata"];

const validKey = /^[0-9a-z_.-]+$/;
// Printable, and no white space around. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
const validValue = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/;
const validBinary = /^[0-9A-Za-z+/]*={0,2}$/;
/** What the channel says itself, or HTTP/2 forbids. */
const reserved: ReadonlySet<string> = new Set([
  "te",
  "content-type",
  "content-length",
  "user-agent",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-status",
  "grpc-message",
  "host",
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);
// Keys that are valid: there are few, and they come again with each call.
const knownKeys = new Set<string>();
const MOST_KNOWN_KEYS = 1_000;

/** INTERNAL for metadata that gRPC cannot carry. Those with "-bin" at the end of their key are base64. */
export function metadataProblem(metadata: Metadata, method: Method): UpstreamError | undefined {
  for (const [key, value] of metadata) {
    if (!isValidKey(key)) return problem(`metadata: the key ${JSON.stringify(key)} cannot be sent`, method);
    if (!(key.endsWith("-bin") ? validBinary : validValue).test(value)) {
      return problem(`metadata: the value of ${JSON.stringify(key)} cannot be sent`, method);
    }
  }
  return undefined;
}

function isValidKey(key: string): boolean {
  if (knownKeys.has(key)) return true;
  if (!validKey.test(key) || reserved.has(key)) return false;
  if (knownKeys.size < MOST_KNOWN_KEYS) knownKeys.add(key);
  return true;
}

function problem(text: string, method: Method): UpstreamError {
  return new UpstreamError(Code.INTERNAL, text, method);
}
