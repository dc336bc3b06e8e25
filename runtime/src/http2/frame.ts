import type { Output } from "./output.js";

/** Types of frames: https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags of frames; ACK and END_STREAM are the same bit. */
export const Flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

/** Bytes before the payload of each frame: https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
export const FRAME_HEAD_BYTES = 9;
/** The longest payload that we accept, and the longest that we send: what every peer must accept. */
export const MAX_PAYLOAD_BYTES = 16 * 1024;
/** The largest stream id, and the largest window. */
export const MAX_31 = 0x7fffffff;
/** The window of a connection or stream until something else is agreed on. */
export const DEFAULT_WINDOW_BYTES = 65_535;
/** What a client sends first: https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Writes the head of a frame, into room that is reserved. */
export function putFrameHead(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  putUint32(bytes, at + 5, streamId);
}

/** Writes four bytes, into room that is reserved. */
export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Reads four bytes, but for the highest bit, which is reserved wherever that is done. */
export function uint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Reads four bytes. */
export function uint32(bytes: Uint8Array, at: number): number {
  return uint31(bytes, at) + (bytes[at]! >>> 7) * 0x80000000;
}

/** A frame of one number: RST_STREAM or WINDOW_UPDATE. */
export function writeNumberFrame(output: Output, type: number, streamId: number, value: number): void {
  output.reserve(FRAME_HEAD_BYTES + 4);
  putFrameHead(output.bytes, output.length, 4, type, 0, streamId);
  putUint32(output.bytes, output.length + FRAME_HEAD_BYTES, value);
  output.length += FRAME_HEAD_BYTES + 4;
}

/** A PING, with the eight bytes at `payload[at]`. */
export function writePing(output: Output, flags: number, payload: Uint8Array, at: number): void {
  output.reserve(FRAME_HEAD_BYTES + 8);
  putFrameHead(output.bytes, output.length, 8, FrameType.PING, flags, 0);
  output.length += FRAME_HEAD_BYTES;
  output.appendPart(payload, at, at + 8);
}

/** A GOAWAY. */
export function writeGoaway(output: Output, lastStreamId: number, code: number): void {
  output.reserve(FRAME_HEAD_BYTES + 8);
  putFrameHead(output.bytes, output.length, 8, FrameType.GOAWAY, 0, 0);
  putUint32(output.bytes, output.length + FRAME_HEAD_BYTES, lastStreamId);
  putUint32(output.bytes, output.length + FRAME_HEAD_BYTES + 4, code);
  output.length += FRAME_HEAD_BYTES + 8;
}

/** A SETTINGS frame with pairs of identifier and value; an acknowledgement without any. */
export function writeSettings(
  output: Output,
  settings: ReadonlyArray<readonly [id: number, value: number]>,
): void {
  const length = settings.length * 6;
  output.reserve(FRAME_HEAD_BYTES + length);
  putFrameHead(output.bytes, output.length, length, FrameType.SETTINGS, length === 0 ? Flag.ACK : 0, 0);
  output.length += FRAME_HEAD_BYTES;
  for (const [id, value] of settings) {
    output.bytes[output.length] = 0;
    output.bytes[output.length + 1] = id;
    putUint32(output.bytes, output.length + 2, value);
    output.length += 6;
  }
}
