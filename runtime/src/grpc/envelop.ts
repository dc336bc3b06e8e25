/** Bytes before each message on the wire: a flag, and the length in four bytes. */
export const ENVELOPE_HEAD_BYTES = 5;

/** The head of a message that is not compressed. */
export function envelopeHead(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(ENVELOPE_HEAD_BYTES) as unknown as Uint8Array;
  writeHead(bytes, length, false);
  return bytes;
}

/** A message behind its head, in one new buffer: one write on the stream. `compressed`: it is so already. */
export function envelop(message: Uint8Array, compressed = false): Uint8Array {
  const length = message.byteLength;
  const bytes = Buffer.allocUnsafe(ENVELOPE_HEAD_BYTES + length) as unknown as Uint8Array;
  writeHead(bytes, length, compressed);
  bytes.set(message, ENVELOPE_HEAD_BYTES);
  return bytes;
}

function writeHead(bytes: Uint8Array, length: number, compressed: boolean): void {
  bytes[0] = compressed ? 1 : 0;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
}
