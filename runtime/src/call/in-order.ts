/** Messages of a stream that are under way at once: read from the upstream, and not yet taken by the client. */
export const MAX_IN_FLIGHT = 16;
// Above this, what is under way is enough, however few messages it is.
const MAX_BYTES_IN_FLIGHT = 1024 * 1024;

/** A message, as much as has to be known of it here. */
interface Sized {
  readonly byteLength: number;
}

/**
 * What `translate` makes of each message, in the order of the messages; several are under way at once, so that they can
 * share what they wait for. When enough are, no more are read: a client that does not take its messages pauses the
 * upstream. A message that fails, and the failure of the stream itself, come in their turn, after what came before.
 */
export async function* inOrder<T extends Sized>(
  messages: AsyncIterable<T>,
  translate: (message: T) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const source = messages[Symbol.asyncIterator]();
  const flight = new Flight();
  const reader = readAhead(source, translate, flight);
  // Its failure is told in its turn, or to nobody.
  reader.catch(() => {});
  try {
    for (;;) {
      if (flight.results.length === 0 && !flight.complete) await flight.arrival();
      const result = flight.results[0];
      if (result === undefined) break;
      const message = await result;
      flight.bytes += message.byteLength;
      yield message;
      flight.landed(message.byteLength);
    }
    await reader;
  } finally {
    flight.leave();
  }
}

/** Rejects with the failure of the stream. */
async function readAhead<T extends Sized>(
  source: AsyncIterator<T>,
  translate: (message: T) => Promise<Uint8Array>,
  flight: Flight,
): Promise<void> {
  try {
    while (!flight.left) {
      const { done, value } = await source.next();
      if (done) return;
      if (flight.left) break;
      flight.add(translate(value), value.byteLength);
      if (flight.isFull) await flight.room();
    }
    await source.return?.();
  } finally {
    flight.finish();
  }
}

/** What is under way, and who waits for that to change. */
class Flight {
  readonly results: Array<Promise<Uint8Array>> = [];
  readonly #sizes: number[] = [];
  /** Bytes of messages that were read, and of finished results. */
  bytes = 0;
  /** Nothing more comes. */
  complete = false;
  /** Nobody reads on. */
  left = false;
  #wakeReader: (() => void) | undefined;
  #wakeConsumer: (() => void) | undefined;

  get isFull(): boolean {
    return !this.left && (this.results.length >= MAX_IN_FLIGHT || this.bytes >= MAX_BYTES_IN_FLIGHT);
  }

  add(result: Promise<Uint8Array>, size: number): void {
    // It is awaited in its turn; one that fails meanwhile is not "unhandled".
    result.catch(() => {});
    this.results.push(result);
    this.#sizes.push(size);
    this.bytes += size;
    this.#arrived();
  }

  /** The first one has been taken; its result had so many bytes. */
  landed(size: number): void {
    this.results.shift();
    this.bytes -= size + this.#sizes.shift()!;
    if (!this.isFull) this.#hasRoom();
  }

  finish(): void {
    this.complete = true;
    this.#arrived();
  }

  leave(): void {
    this.left = true;
    this.#hasRoom();
  }

  /** Waits until there is a result, or there will be none. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeConsumer = resolve;
    });
  }

  /** Waits until more may be read. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeReader = resolve;
    });
  }

  #arrived(): void {
    const wake = this.#wakeConsumer;
    this.#wakeConsumer = undefined;
    wake?.();
  }

  #hasRoom(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }
}
