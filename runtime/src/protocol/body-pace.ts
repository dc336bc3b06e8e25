import type { Timed, TimerWheel } from "../time/timer-wheel.js";

/** How long a body may take before its pace matters, and how much has to come of it from then on. */
export const PACE_GRACE_MS = 10_000;
export const LEAST_BYTES_PER_SECOND = 240;

/**
 * Watches a body that comes in parts: one that trickles holds its request, and whatever was reserved for it, for as long
 * as a deadline lets it. Each byte buys a little time, beside the grace that all have.
 */
export class BodyPace implements Timed {
  // The links of the TimerWheel.
  dueTick = 0;
  next: Timed | undefined;
  previous: Timed | undefined;

  readonly #wheel: Pick<TimerWheel, "add" | "remove">;
  readonly #onLate: () => void;
  readonly #now: () => number;
  #running = false;
  #startedMs = 0;
  #bytes = 0;

  constructor(
    wheel: Pick<TimerWheel, "add" | "remove">,
    onLate: () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#wheel = wheel;
    this.#onLate = onLate;
    this.#now = now;
  }

  /** More has to come from now on. Does nothing if it had to already. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#startedMs = this.#now();
    this.#bytes = 0;
    this.#wheel.add(this, PACE_GRACE_MS);
  }

  /** So many bytes have come. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** It is all there; or nobody waits for it any more. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#wheel.remove(this);
  }

  /** @internal */
  onTime(): void {
    const allowedMs = PACE_GRACE_MS + (this.#bytes / LEAST_BYTES_PER_SECOND) * 1000;
    const leftMs = allowedMs - (this.#now() - this.#startedMs);
    if (leftMs > 0) {
      this.#wheel.add(this, leftMs);
      return;
    }
    this.#running = false;
    this.#onLate();
  }
}
