/**
 * The status codes of RPCs by name, without OK, which is no error.
 *
 * Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export const ERROR_CODES: ReadonlyMap<string, number> = new Map(
  [
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
  ].map((name, index) => [name, index + 1]),
);
