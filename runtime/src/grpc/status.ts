import { Code } from "./code.js";

const byHttpStatus: ReadonlyMap<number, Code> = new Map([
  [400, Code.INTERNAL],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.UNIMPLEMENTED],
  [429, Code.UNAVAILABLE],
  [502, Code.UNAVAILABLE],
  [503, Code.UNAVAILABLE],
  [504, Code.UNAVAILABLE],
]);

/**
 * The status of a response that has none of its own, as from a proxy.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function codeOfHttpStatus(status: number): Code {
  return byHttpStatus.get(status) ?? Code.UNKNOWN;
}

const byReset: readonly Code[] = [
  Code.INTERNAL, // NO_ERROR
  Code.INTERNAL, // PROTOCOL_ERROR
  Code.INTERNAL, // INTERNAL_ERROR
  Code.INTERNAL, // FLOW_CONTROL_ERROR
  Code.INTERNAL, // SETTINGS_TIMEOUT
  Code.UNKNOWN, // STREAM_CLOSED: "no mapping"
  Code.INTERNAL, // FRAME_SIZE_ERROR
  Code.UNAVAILABLE, // REFUSED_STREAM
  Code.CANCELLED, // CANCEL
  Code.INTERNAL, // COMPRESSION_ERROR
  Code.INTERNAL, // CONNECT_ERROR
  Code.RESOURCE_EXHAUSTED, // ENHANCE_YOUR_CALM
  Code.PERMISSION_DENIED, // INADEQUATE_SECURITY
];

/**
 * The status of a stream that was reset with an HTTP/2 error code.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
export function codeOfReset(code: number): Code {
  return byReset[code] ?? Code.UNKNOWN;
}

/** The value of `grpc-status`; one that gRPC does not define is UNKNOWN. */
export function parseGrpcStatus(value: string): Code {
  if (value === "0") return Code.OK;
  const code = /^\d{1,3}$/.test(value) ? Number(value) : -1;
  return code >= 0 && code <= Code.UNAUTHENTICATED ? (code as Code) : Code.UNKNOWN;
}
