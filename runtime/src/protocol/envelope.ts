import { Code, PorticoError } from "../call/error.js";
import { ENVELOPE_HEAD_BYTES } from "../grpc/envelop.js";

export { ENVELOPE_HEAD_BYTES, envelop } from "../grpc/envelop.js";

/** The message that an envelope held, still compressed if the flag says so. */
export interface Envelope {
  readonly compressed: boolean;
  readonly message: Uint8Array;
}

const FIRST_BUFFER_BYTES = 16 * 1024;

/**
 * Puts together the one enveloped message of a request from the parts it arrives in. What is kept grows with what has
 * arrived, never with what the head promises.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests "Length-Prefixed-Message"
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #bytes: Uint8Array = empty;
  #filled = 0;
  /** Bytes of the whole envelope; -1 until its head is there. */
  #expected = -1;

  /** @param maxBytes the longest message, without its head. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a part; throws a PorticoError as soon as the whole cannot become one acceptable message. */
  push(part: Uint8Array): void {
    if (this.#filled === 0) {
      // The common case: all in one part, which is then kept as it is and not copied.
      this.#bytes = part;
      this.#filled = part.byteLength;
    } else {
      this.#append(part);
    }
    if (this.#expected < 0) {
      if (this.#filled < ENVELOPE_HEAD_BYTES) return;
      this.#readHead();
    }
    if (this.#filled > this.#expected) throw cardinality();
  }

  /** The message, once the request has ended. */
  finish(): Envelope {
    if (this.#filled === 0) throw cardinality();
    if (this.#filled !== this.#expected) throw endsWithin();
    return {
      compressed: this.#bytes[0] === 1,
      message: this.#bytes.subarray(ENVELOPE_HEAD_BYTES, this.#filled),
    };
  }

  #readHead(): void {
    this.#expected = ENVELOPE_HEAD_BYTES + lengthAt(this.#bytes, 0, this.#maxBytes);
  }

  #append(part: Uint8Array): void {
    const filled = this.#filled + part.byteLength;
    // Too much for the one message: nothing more is kept.
    if (this.#expected >= 0 && filled > this.#expected) throw cardinality();
    if (filled > this.#bytes.byteLength) {
      let capacity = Math.max(this.#bytes.byteLength * 2, FIRST_BUFFER_BYTES, filled);
      if (this.#expected >= 0) capacity = Math.min(capacity, this.#expected);
      const grown = new Uint8Array(capacity);
      grown.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#filled);
    this.#filled = filled;
  }
}

const empty = new Uint8Array(0);

/** Finds, one after the other, the messages of a stream in the parts that they arrive in. */
export class EnvelopeQueue {
  readonly #maxBytes: number;
  #bytes: Uint8Array = empty;
  #start = 0;
  #end = 0;

  /** @param maxBytes the longest message, without its head. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that have arrived and are not taken yet. */
  get byteLength(): number {
    return this.#end - this.#start;
  }

  push(part: Uint8Array): void {
    const held = this.byteLength;
    if (held === 0) {
      this.#bytes = part;
      this.#start = 0;
      this.#end = part.byteLength;
      return;
    }
    // Room is only behind what is held; before it are messages that others have now. A part as it came has none.
    if (part.byteLength > this.#bytes.byteLength - this.#end) {
      const grown = new Uint8Array((held + part.byteLength) * 2);
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#start = 0;
      this.#end = held;
    }
    this.#bytes.set(part, this.#end);
    this.#end += part.byteLength;
  }

  /** The next message; undefined if it has not arrived in full. Throws a PorticoError if it is not acceptable. */
  next(): Envelope | undefined {
    const held = this.byteLength;
    if (held < ENVELOPE_HEAD_BYTES) return undefined;
    const start = this.#start + ENVELOPE_HEAD_BYTES;
    const length = lengthAt(this.#bytes, this.#start, this.#maxBytes);
    if (held < ENVELOPE_HEAD_BYTES + length) return undefined;
    const compressed = this.#bytes[this.#start] === 1;
    this.#start = start + length;
    return { compressed, message: this.#bytes.subarray(start, this.#start) };
  }
}

/** The length in the head at `at`; throws if it is over the limit, or the head is not one. */
function lengthAt(bytes: Uint8Array, at: number, maxBytes: number): number {
  if (bytes[at]! > 1) throw new PorticoError(Code.INVALID_ARGUMENT, "a message has unknown flags");
  const low = (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
  const length = bytes[at + 1]! * 0x1000000 + low;
  if (length > maxBytes) throw requestTooLong(maxBytes);
  return length;
}

/** INVALID_ARGUMENT for a request that is cut off. */
export function endsWithin(): PorticoError {
  return new PorticoError(Code.INVALID_ARGUMENT, "the request ends within a message");
}

/** RESOURCE_EXHAUSTED for a request over the limit. */
export function requestTooLong(maxBytes: number): PorticoError {
  return new PorticoError(Code.RESOURCE_EXHAUSTED, `the request is longer than ${maxBytes} bytes`);
}

// "Request cardinality violation" is UNIMPLEMENTED: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
function cardinality(): PorticoError {
  return new PorticoError(Code.UNIMPLEMENTED, "the method takes exactly one request message");
}
