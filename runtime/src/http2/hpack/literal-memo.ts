import type { ByteBudget } from "../byte-budget.js";
import type { HeaderField } from "./header-field.js";

// The fields that clients spell out with each request, and with the same value: indices of the static table. nghttp2,
// which grpc-js, Envoy and curl are built on, never lets a table have either.
const PATH = 4;
const AUTHORIZATION = 23;

const LONGEST_BYTES = 1024;
const SMALLEST_BYTES = 64;

interface Remembered {
  readonly bytes: Buffer;
  length: number;
  field: HeaderField;
}

/**
 * The literals that a peer has sent last, by the bytes that it spelled them with. To compare those takes 50 ns; to decode
 * a token takes 2 us, and whoever looks it up somewhere hashes a new text once more.
 */
export class LiteralMemo {
  /** Where the literal that `find` found ends. */
  next = 0;

  readonly #budget: ByteBudget;
  #path: Remembered | undefined;
  #authorization: Remembered | undefined;
  #bytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** The field of this name whose value is spelled the same as the one at `block[start..]`. */
  find(index: number, block: Buffer, start: number, end: number): HeaderField | undefined {
    const known = index === AUTHORIZATION ? this.#authorization : index === PATH ? this.#path : undefined;
    if (known === undefined) return undefined;
    // Its first bytes hold its length: what begins the same is as long.
    const next = start + known.length;
    if (next > end || known.bytes.compare(block, start, next, 0, known.length) !== 0) return undefined;
    this.next = next;
    return known.field;
  }

  /** Remembers a field, whose value is spelled `block[start..end)`. */
  remember(index: number, block: Buffer, start: number, end: number, field: HeaderField): void {
    if (index === AUTHORIZATION)
      this.#authorization = this.#put(this.#authorization, block, start, end, field);
    else if (index === PATH) this.#path = this.#put(this.#path, block, start, end, field);
  }

  /** Forgets all, which counts no more. */
  clear(): void {
    this.#budget.used -= this.#bytes;
    this.#bytes = 0;
    this.#path = undefined;
    this.#authorization = undefined;
  }

  #put(
    known: Remembered | undefined,
    block: Buffer,
    start: number,
    end: number,
    field: HeaderField,
  ): Remembered | undefined {
    const length = end - start;
    if (known !== undefined && length <= known.bytes.byteLength) {
      block.copy(known.bytes, 0, start, end);
      known.length = length;
      known.field = field;
      return known;
    }
    const size = Math.max(SMALLEST_BYTES, length);
    // The text of the field is up to twice as long as its spelling.
    const cost = (size - (known?.bytes.byteLength ?? 0)) * 3;
    if (length > LONGEST_BYTES || !this.#budget.allows(cost)) return known;
    this.#budget.used += cost;
    this.#bytes += cost;
    const bytes = Buffer.allocUnsafeSlow(size);
    block.copy(bytes, 0, start, end);
    return { bytes, length, field };
  }
}
