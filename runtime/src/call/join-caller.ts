import type { Reader } from "../wire/reader.js";
import type { Writer } from "../wire/writer.js";
import type { Lookup } from "./join.js";

/** What joins are fetched through: a call, or some messages of a stream that fetch together. */
export interface JoinCaller {
  /** How many messages fetch together: bounds are for each, and each looks for what it misses itself. */
  readonly messages: number;
  /** One call of a join. */
  readJoin(lookup: Lookup, request: Uint8Array): Promise<Reader>;
  requestWriter(): Writer;
  /** Starts a step that is awaited later. */
  run<T>(step: () => Promise<T>): Promise<T>;
}
