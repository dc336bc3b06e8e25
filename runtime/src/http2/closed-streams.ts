const REMEMBERED = 128;

/** How a stream came to its end. */
export const Ending = {
  /** It is not known (any more): it was never opened, or ended long ago. */
  UNKNOWN: 0,
  /** Both sides have sent all. */
  COMPLETE: 1,
  /** The peer has reset it. */
  RESET_BY_PEER: 2,
  /** We have reset it: frames that crossed the reset on their way mean nothing. */
  RESET_BY_US: 3,
} as const;
export type Ending = (typeof Ending)[keyof typeof Ending];

/**
 * The streams that ended last, and how.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-5.1 "closed"
 */
export class ClosedStreams {
  #ids: Int32Array | undefined;
  #endings: Uint8Array | undefined;
  #next = 0;

  add(streamId: number, ending: Ending): void {
    this.#ids ??= new Int32Array(REMEMBERED);
    this.#endings ??= new Uint8Array(REMEMBERED);
    this.#ids[this.#next] = streamId;
    this.#endings[this.#next] = ending;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  endingOf(streamId: number): Ending {
    const found = this.#ids?.indexOf(streamId) ?? -1;
    return found < 0 ? Ending.UNKNOWN : (this.#endings![found]! as Ending);
  }
}
