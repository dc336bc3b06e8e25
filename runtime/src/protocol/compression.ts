import { Code, PorticoError } from "../call/error.js";
import { BadGzip, gunzipBounded as gunzip } from "../grpc/gunzip.js";
import { requestTooLong } from "./envelope.js";

export { ACCEPTED_ENCODINGS } from "../grpc/gunzip.js";

/** Whether `encoding`, as `grpc-encoding` names it, is one of ACCEPTED_ENCODINGS; none is identity. */
export function isAcceptedEncoding(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity" || encoding === "gzip";
}

/**
 * Decompresses a request message. What would be longer than `maxBytes` is RESOURCE_EXHAUSTED, data that is not gzip
 * INVALID_ARGUMENT.
 */
export function gunzipBounded(
  message: Uint8Array,
  maxBytes: number,
  done: (error: PorticoError | undefined, message: Uint8Array) => void,
): void {
  gunzip(message, maxBytes, (problem, output, cause) => {
    if (problem === undefined) done(undefined, output);
    else if (problem === BadGzip.TOO_LONG) done(requestTooLong(maxBytes), output);
    else {
      const text = "the request cannot be decompressed";
      done(new PorticoError(Code.INVALID_ARGUMENT, text, { cause }), output);
    }
  });
}
