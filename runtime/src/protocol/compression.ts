import type { Headers } from "../auth/authenticator.js";
import { Code, PorticoError } from "../call/error.js";
import { BadGzip, gunzipBounded as gunzip } from "../grpc/gunzip.js";
import { type Envelope, requestTooLong } from "./envelope.js";

export { ACCEPTED_ENCODINGS } from "../grpc/gunzip.js";

/** Whether `encoding`, as `grpc-encoding` names it, is one of ACCEPTED_ENCODINGS; none is identity. */
export function isAcceptedEncoding(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity" || encoding === "gzip";
}

/** The message in an envelope, decompressed if need be: then `done` is called later. Throws for a flag that lies. */
export function decompress(
  { compressed, message }: Envelope,
  headers: Headers,
  maxBytes: number,
  done: (error: PorticoError | undefined, message: Uint8Array) => void,
): void {
  if (!compressed) {
    done(undefined, message);
    return;
  }
  // https://github.com/grpc/grpc/blob/master/doc/compression.md: a flag without an encoding is INTERNAL.
  if (headers["grpc-encoding"] !== "gzip") {
    throw new PorticoError(Code.INTERNAL, "a message is marked as compressed, without a grpc-encoding");
  }
  gunzipBounded(message, maxBytes, done);
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
