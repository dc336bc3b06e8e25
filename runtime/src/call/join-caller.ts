import type { Method } from "../upstream/upstream.js";
import type { Reader } from "../wire/reader.js";
import type { Writer } from "../wire/writer.js";
import type { Lookup } from "./join.js";
import type { OnError } from "./on-error.js";

/** What joins are fetched through: a call, or some messages of a stream that fetch together. */
export interface JoinCaller {
  /** How many messages fetch together: bounds are for each, and each looks for what it misses itself. */
  readonly messages: number;
  /** One call of a join. */
  readJoin(lookup: Lookup, request: Uint8Array): Promise<Reader>;
  /** One call that a resolver makes. */
  unary(method: Method, request: Uint8Array, timeoutMs?: number): Promise<Uint8Array>;
  requestWriter(): Writer;
  /** What `on_error` makes of what a call threw; throws what the client gets. */
  outcomeOf(thrown: unknown, onError: OnError | undefined): "empty" | "drop";
  /** Starts a step that is awaited later. */
  run<T>(step: () => Promise<T>): Promise<T>;
}
