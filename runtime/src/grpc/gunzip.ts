import { gunzip } from "node:zlib";
import { Turns } from "./turns.js";

/** The encodings of messages that are read, as `grpc-accept-encoding` lists them. */
export const ACCEPTED_ENCODINGS = "identity,gzip";

/** Why a message could not be decompressed. */
export const BadGzip = { TOO_LONG: "too long", MALFORMED: "malformed" } as const;
export type BadGzip = (typeof BadGzip)[keyof typeof BadGzip];

// Each may hold as much as the longest message; so many are what the threads of libuv are busy with.
const turns = new Turns(8);

/**
 * Decompresses a message in a thread of its own. The output is cut at `maxBytes`, however far the input would expand;
 * `cause` is zlib's own error.
 */
export function gunzipBounded(
  message: Uint8Array,
  maxBytes: number,
  done: (problem: BadGzip | undefined, message: Uint8Array, cause?: unknown) => void,
): void {
  turns.take((free) => {
    gunzip(message, { maxOutputLength: Math.max(maxBytes, 1) }, (error, output) => {
      free();
      if (error === null) {
        done(output.byteLength > maxBytes ? BadGzip.TOO_LONG : undefined, output as unknown as Uint8Array);
        return;
      }
      const tooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      done(tooLong ? BadGzip.TOO_LONG : BadGzip.MALFORMED, message, error);
    });
  });
}
