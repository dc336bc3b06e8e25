import { ENVELOPE_HEAD_BYTES as HEAD_BYTES } from "./envelop.js";

const FIRST_BUFFER_BYTES = 1024;
// Of what a head promises, so much is believed: most long messages are put together without growing.
const BELIEVED_BYTES = 64 * 1024;

/** Gets messages, each once it is complete; `compressed` ones are still so. The bytes are its to keep. */
export interface MessageSink {
  onMessage(message: Uint8Array, compressed: boolean): void;
}

/** Why messages cannot be read on. */
export const BadMessages = { TOO_LONG: "too long", UNKNOWN_FLAGS: "unknown flags" } as const;
export type BadMessages = (typeof BadMessages)[keyof typeof BadMessages];

/**
 * Cuts the body of a stream into messages. What it keeps grows with what has arrived; what a head promises is believed only
 * as far as costs little.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests "Length-Prefixed-Message"
 */
export class MessageReader {
  /** The length of the message that was too long. */
  refusedBytes = 0;

  // A message that is here in part: the first `#filled` bytes, of `#expected` if its head is known, else -1.
  #partial: Uint8Array | undefined;
  #filled = 0;
  #expected = -1;

  /** The body may not end here. */
  get isInMessage(): boolean {
    return this.#partial !== undefined;
  }

  /** Takes a part of the body, none of which may exceed `maxBytes`; gives what is wrong with it. */
  read(part: Uint8Array, maxBytes: number, sink: MessageSink): BadMessages | undefined {
    const end = part.byteLength;
    let at = 0;
    if (this.#partial !== undefined) {
      at = this.#complete(part, maxBytes);
      if (at < 0) return this.#problem(this.#partial, 0, maxBytes);
      if (this.#filled < this.#expected || this.#expected < 0) return undefined;
      const whole = this.#partial;
      this.#partial = undefined;
      sink.onMessage(whole.subarray(HEAD_BYTES, this.#expected), whole[0] === 1);
    }
    while (end - at >= HEAD_BYTES) {
      const problem = this.#problem(part, at, maxBytes);
      if (problem !== undefined) return problem;
      const next = at + HEAD_BYTES + lengthAt(part, at);
      if (next > end) break;
      // Not copied: most messages come whole.
      sink.onMessage(part.subarray(at + HEAD_BYTES, next), part[at] === 1);
      at = next;
    }
    if (at < end) this.#keep(part, at);
    return undefined;
  }

  #problem(bytes: Uint8Array, at: number, maxBytes: number): BadMessages | undefined {
    if (bytes[at]! > 1) return BadMessages.UNKNOWN_FLAGS;
    const length = lengthAt(bytes, at);
    if (length <= maxBytes) return undefined;
    this.refusedBytes = length;
    return BadMessages.TOO_LONG;
  }

  #keep(part: Uint8Array, at: number): void {
    const count = part.byteLength - at;
    this.#expected = count < HEAD_BYTES ? -1 : HEAD_BYTES + lengthAt(part, at);
    this.#partial = allocate(Math.max(FIRST_BUFFER_BYTES, count, Math.min(this.#expected, BELIEVED_BYTES)));
    this.#partial.set(part.subarray(at));
    this.#filled = count;
  }

  // Adds to the message that is here in part; gives where the next begins, or -1 if its head is wrong.
  #complete(part: Uint8Array, maxBytes: number): number {
    let at = 0;
    if (this.#expected < 0) {
      at = this.#take(part, 0, HEAD_BYTES);
      if (this.#filled < HEAD_BYTES) return at;
      if (this.#problem(this.#partial!, 0, maxBytes) !== undefined) return -1;
      this.#expected = HEAD_BYTES + lengthAt(this.#partial!, 0);
    }
    return this.#take(part, at, this.#expected);
  }

  #take(part: Uint8Array, at: number, upTo: number): number {
    const count = Math.min(upTo - this.#filled, part.byteLength - at);
    const filled = this.#filled + count;
    let partial = this.#partial!;
    if (filled > partial.byteLength) {
      const grown = allocate(Math.min(Math.max(filled, partial.byteLength * 2), Math.max(upTo, filled)));
      grown.set(partial.subarray(0, this.#filled));
      this.#partial = grown;
      partial = grown;
    }
    partial.set(count === part.byteLength ? part : part.subarray(at, at + count), this.#filled);
    this.#filled = filled;
    return at + count;
  }
}

// A plain array, not zeroed: only what has been filled is ever given away. Never of the pool, which others share.
function allocate(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]! * 0x1000000 + ((bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!);
}
