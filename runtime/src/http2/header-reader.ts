import type { Bucket } from "./bucket.js";
import { type ByteBudget, unbounded } from "./byte-budget.js";
import { ConnectionError, ErrorCode } from "./error.js";
import { BlockKind, Decoded, HpackDecoder } from "./hpack/decoder.js";
import type { Http2Limits } from "./limits.js";
import { type HeaderMap, type Message, requestMessage, responseMessage, trailers } from "./message.js";

// A block may drop as many fields from the table; more are work that nobody profits from.
const FREE_EVICTIONS = 32;

/** Header sections that are no message. */
export const BadMessage = { TOO_LONG: "too long", MALFORMED: "malformed" } as const;
export type BadMessage = (typeof BadMessage)[keyof typeof BadMessage];

/** Reads header blocks of one peer into messages. */
export class HeaderReader {
  readonly #decoder: HpackDecoder;
  readonly #isServer: boolean;
  readonly #idleFrames: Bucket;
  #tables: ByteBudget;
  // Bytes of the table that the budget knows of.
  #tableBytes = 0;
  // What the block of each kind meant that was decoded last, while the decoder knows that block again.
  #lastMessage: Message | undefined;
  #lastTrailers: HeaderMap | undefined;

  constructor(limits: Http2Limits, isServer: boolean, idleFrames: Bucket, tables: ByteBudget) {
    this.#decoder = new HpackDecoder(
      {
        maxTableBytes: 4096,
        maxListBytes: limits.maxHeaderListBytes,
        maxFields: limits.maxHeaderFields,
      },
      tables,
    );
    this.#isServer = isServer;
    this.#idleFrames = idleFrames;
    this.#tables = tables;
  }

  /** Reads the header section of a request (at a server) or response. */
  message(block: Buffer, start: number, end: number, nowMs: number): Message | BadMessage {
    const decoded = this.#decode(block, start, end, BlockKind.MESSAGE, nowMs);
    if (decoded === Decoded.SAME) return this.#lastMessage ?? BadMessage.MALFORMED;
    if (decoded === Decoded.TOO_LONG) return BadMessage.TOO_LONG;
    const { fields, count } = this.#decoder;
    const message = this.#isServer ? requestMessage(fields, count) : responseMessage(fields, count);
    this.#lastMessage = message;
    // From now on it may be given to several streams, of which none may change it for the others.
    if (message !== undefined && this.#decoder.knowsBlock(BlockKind.MESSAGE)) Object.freeze(message.headers);
    return message ?? BadMessage.MALFORMED;
  }

  /** Reads trailers. */
  trailers(block: Buffer, start: number, end: number, nowMs: number): HeaderMap | BadMessage {
    const decoded = this.#decode(block, start, end, BlockKind.TRAILERS, nowMs);
    if (decoded === Decoded.SAME) return this.#lastTrailers ?? BadMessage.MALFORMED;
    if (decoded === Decoded.TOO_LONG) return BadMessage.TOO_LONG;
    const read = trailers(this.#decoder.fields, this.#decoder.count);
    this.#lastTrailers = read;
    if (read !== undefined && this.#decoder.knowsBlock(BlockKind.TRAILERS)) Object.freeze(read);
    return read ?? BadMessage.MALFORMED;
  }

  /** Reads a block that means nothing any more, for the sake of the table. */
  skip(block: Buffer, start: number, end: number, nowMs: number): void {
    this.#decode(block, start, end, BlockKind.OTHER, nowMs);
  }

  /** The table counts no more. */
  releaseTable(): void {
    this.#decoder.release();
    this.#tables.used -= this.#tableBytes;
    this.#tables = unbounded();
  }

  #decode(block: Buffer, start: number, end: number, kind: BlockKind, nowMs: number): Decoded {
    const evictions = this.#decoder.evictions;
    const decoded = this.#decoder.decode(block, start, end, kind);
    if (decoded === Decoded.MALFORMED) {
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, "a header block is malformed");
    }
    const grown = this.#decoder.tableBytes - this.#tableBytes;
    if (grown !== 0) this.#tableGrew(grown);
    const excess = this.#decoder.evictions - evictions - FREE_EVICTIONS;
    if (decoded === Decoded.FLOOD || (excess > 0 && !this.#idleFrames.take(excess, nowMs))) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "a header section is far too long");
    }
    return decoded;
  }

  #tableGrew(bytes: number): void {
    const fits = bytes < 0 || this.#tables.allows(bytes);
    this.#tables.used += bytes;
    this.#tableBytes += bytes;
    // What the peer has put into its table cannot be refused any more: both sides must have the same.
    if (!fits)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "all header tables are too large together");
  }
}
