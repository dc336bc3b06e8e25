import { gzip } from "node:zlib";
import { envelop } from "./envelop.js";
import { Turns } from "./turns.js";

// Each holds a quarter of a megabyte of zlib's tables, and the message.
const turns = new Turns(8);
// Most of what more effort would save, for a third of the time.
const level = 3;

/**
 * Compresses a message in a thread of its own, and gives it behind its head: `done` is called later. False, and nothing
 * will be called, when so much is being compressed already that the message had better be sent as it is.
 */
export function gzipEnvelope(message: Uint8Array, done: (envelope: Uint8Array) => void): boolean {
  if (!turns.isFree) return false;
  turns.take((free) => {
    gzip(message, { level }, (error, output) => {
      free();
      // What does not become shorter goes as it is, as does what could not be compressed.
      const shorter = error === null && output.byteLength < message.byteLength;
      done(shorter ? envelop(output as unknown as Uint8Array, true) : envelop(message));
    });
  });
  return true;
}

/** Whether a list of encodings, as `grpc-accept-encoding` has them, holds gzip. */
export function acceptsGzip(accepted: string | undefined): boolean {
  return accepted !== undefined && /(?:^|,)\s*gzip\s*(?:,|$)/i.test(accepted);
}
