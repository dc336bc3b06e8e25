import type { BodyPace } from "./body-pace.js";
import { decompress } from "./compression.js";
import { EnvelopeQueue, endsWithin } from "./envelope.js";
import type { HttpStream } from "./http-stream.js";

/** Told of the messages of a stream, one for each `pull`. */
export interface MessageReceiver {
  onMessage(message: Uint8Array): void;
  onMessagesEnd(): void;
  onBadMessage(thrown: unknown): void;
}

// Above this, of messages that nobody has asked for, the client is held back.
const ENOUGH_BYTES = 64 * 1024;

/** A request body of many enveloped messages, given out one by one. Holds little more than the one that is next. */
export class MessageStream {
  readonly #stream: HttpStream;
  readonly #maxBytes: number;
  readonly #receiver: MessageReceiver;
  readonly #envelopes: EnvelopeQueue;
  readonly #pace: BodyPace;
  #wanted = false;
  #reading = false;
  #complete = false;

  /** @param pace of each message: between them, a client may say nothing for as long as it likes. */
  constructor(stream: HttpStream, maxBytes: number, receiver: MessageReceiver, pace: BodyPace) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    this.#receiver = receiver;
    this.#pace = pace;
    this.#envelopes = new EnvelopeQueue(maxBytes);
  }

  /** Asks for one message. */
  pull(): void {
    this.#wanted = true;
    this.#give();
  }

  onData(part: Uint8Array): void {
    this.#envelopes.push(part);
    this.#pace.count(part.byteLength);
    if (this.#wanted) this.#give();
    if (!this.#wanted && this.#reading && this.#envelopes.byteLength >= ENOUGH_BYTES) {
      this.#reading = false;
      this.#stream.pause();
    }
  }

  onEnd(): void {
    this.#complete = true;
    if (this.#wanted) this.#give();
  }

  #give(): void {
    try {
      const envelope = this.#envelopes.next();
      if (envelope === undefined) {
        this.#await();
        return;
      }
      this.#wanted = false;
      this.#pace.stop();
      decompress(envelope, this.#stream.headers, this.#maxBytes, (error, message) => {
        if (error === undefined) this.#receiver.onMessage(message);
        else this.#receiver.onBadMessage(error);
      });
    } catch (thrown) {
      this.#wanted = false;
      this.#receiver.onBadMessage(thrown);
    }
  }

  #await(): void {
    if (this.#complete) {
      this.#wanted = false;
      if (this.#envelopes.byteLength > 0) this.#receiver.onBadMessage(endsWithin());
      else this.#receiver.onMessagesEnd();
      return;
    }
    if (this.#envelopes.byteLength > 0) this.#pace.start();
    if (!this.#reading) {
      this.#reading = true;
      this.#stream.read(true);
    }
  }
}
