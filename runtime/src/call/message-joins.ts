import type { Method } from "../upstream/upstream.js";
import type { Reader } from "../wire/reader.js";
import type { Writer } from "../wire/writer.js";
import { Budget } from "./budget.js";
import { fetchJoins, refuseMissing, refuseTooMany } from "./fetch.js";
import type { Lookup, Rows } from "./join.js";
import type { JoinCaller } from "./join-caller.js";
import type { Limits } from "./limits.js";

/** A call, as much of it as joins of messages need. */
export interface BudgetedCaller {
  readonly limits: Limits;
  readJoin(lookup: Lookup, request: Uint8Array, budget: Budget): Promise<Reader>;
  unary(
    method: Method,
    request: Uint8Array,
    timeoutMs: number | undefined,
    budget: Budget,
  ): Promise<Uint8Array>;
  requestWriter(): Writer;
  outcomeOf: JoinCaller["outcomeOf"];
}

/** The joins of one message that wait for the end of the tick. */
interface Asking {
  readonly joins: readonly Rows[];
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * The joins of a stream's messages: those of messages that ask alike in the same tick share their calls. A message
 * hears of what is wrong with itself; where calls that it shares fail, all that share them do.
 */
export class MessageJoins {
  readonly #call: BudgetedCaller;
  #asking: Asking[] = [];

  constructor(call: BudgetedCaller) {
    this.#call = call;
  }

  /** Fetches the joins of one message. */
  async fetch(joins: readonly Rows[]): Promise<void> {
    refuseTooMany(joins);
    if (joins.some((rows) => rows.asks)) {
      await new Promise<void>((resolve, reject) => {
        if (this.#asking.length === 0) setImmediate(() => this.#fetchAll());
        this.#asking.push({ joins, resolve, reject });
      });
    }
    refuseMissingInside(joins);
  }

  #fetchAll(): void {
    const alike: Asking[][] = [];
    for (const asking of this.#asking) {
      const others = alike.find(([first]) => asksAlike(first!.joins, asking.joins));
      if (others !== undefined) others.push(asking);
      else alike.push([asking]);
    }
    this.#asking = [];
    for (const together of alike) this.#fetchTogether(together);
  }

  #fetchTogether(together: readonly Asking[]): void {
    const [{ joins }] = together as [Asking];
    for (const other of together.slice(1)) share(joins, other.joins);
    fetchJoins(
      this.#callerFor(together.length),
      together.flatMap((one) => one.joins),
    ).then(
      () => {
        for (const { resolve } of together) resolve();
      },
      (thrown) => {
        for (const { reject } of together) reject(thrown);
      },
    );
  }

  #callerFor(messages: number): JoinCaller {
    const call = this.#call;
    const budget = new Budget(call.limits, messages);
    return {
      messages,
      readJoin: (lookup, request) => call.readJoin(lookup, request, budget),
      unary: (method, request, timeoutMs) => call.unary(method, request, timeoutMs, budget),
      requestWriter: () => call.requestWriter(),
      outcomeOf: (thrown, onError) => call.outcomeOf(thrown, onError),
      run: (step) => {
        // It fails these messages, in their turn, and not the whole call.
        const running = step();
        running.catch(() => {});
        return running;
      },
    };
  }
}

/** Whether joins fetch the same way, each as the one at its place: as those of one place in the handler do. */
function asksAlike(some: readonly Rows[], others: readonly Rows[]): boolean {
  return (
    some.length === others.length &&
    some.every((rows, i) => {
      const other = others[i]!;
      return (
        rows.lookup === other.lookup && isEqual(rows.set, other.set) && asksAlike(rows.inner, other.inner)
      );
    })
  );
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Lets joins that ask alike share their calls: what waits for what stays the same. */
function share(some: readonly Rows[], others: readonly Rows[]): void {
  some.forEach((rows, i) => {
    others[i]!.share(rows.replies);
    share(rows.inner, others[i]!.inner);
  });
}

function refuseMissingInside(joins: readonly Rows[]): void {
  refuseMissing(joins);
  for (const { inner } of joins) refuseMissingInside(inner);
}
