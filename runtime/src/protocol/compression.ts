import { gunzip } from "node:zlib";
import { Code, PorticoError } from "../call/error.js";
import { requestTooLong } from "./envelope.js";

/** The encodings that requests may have, as `grpc-accept-encoding` lists them. */
export const ACCEPTED_ENCODINGS = "identity,gzip";

/** Whether `encoding`, as `grpc-encoding` names it, is one of ACCEPTED_ENCODINGS; none is identity. */
export function isAcceptedEncoding(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity" || encoding === "gzip";
}

/**
 * Decompresses a message in a thread of its own. The output is cut at `maxBytes` (RESOURCE_EXHAUSTED), however far
 * the input would expand. Data that is not gzip is INVALID_ARGUMENT.
 */
export function gunzipBounded(
  message: Uint8Array,
  maxBytes: number,
  done: (error: PorticoError | undefined, message: Uint8Array) => void,
): void {
  gunzip(message, { maxOutputLength: Math.max(maxBytes, 1) }, (error, output) => {
    if (error === null) {
      const tooLong = output.byteLength > maxBytes ? requestTooLong(maxBytes) : undefined;
      return done(tooLong, output as unknown as Uint8Array);
    }
    const tooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    done(
      tooLong
        ? requestTooLong(maxBytes)
        : new PorticoError(Code.INVALID_ARGUMENT, "the request cannot be decompressed", { cause: error }),
      message,
    );
  });
}
