import type { CallPlan, JoinPlan } from "../types.js";

/**
 * How many upstream calls a method makes, and what each waits for. Of a stream: for each message (its own call, and those
 * before it, count for the first).
 */
export interface Budget {
  /** Calls and joins as a tree, in the order in which they are said: joins on found rows come after their join. */
  readonly steps: readonly BudgetStep[];
  /** What is added up: calls and joins, those that share their calls once. */
  readonly terms: readonly BudgetTerm[];
  /** The calls of the terms that do not grow with the data. */
  readonly constant: number;
  /** The most calls that a request can make, by the bounds on rows and keys; without those of resolvers. */
  readonly most: number;
  /** The resolvers that may call as well: how often, only they know. */
  readonly resolvers: readonly string[];
}

/** A call, or a join at one place. */
export interface BudgetStep {
  readonly name: string;
  readonly what:
    | { readonly kind: "call"; readonly call: CallPlan }
    | { readonly kind: "join"; readonly join: JoinPlan };
  /** How many joins it stands inside. */
  readonly depth: number;
  /** Of a join: the keys of its rows, as paths from the public response: "orders.user_id". */
  readonly keys: readonly string[];
  /** What must have answered before it starts. */
  readonly after: readonly BudgetStep[];
  readonly term: BudgetTerm;
}

/** Upstream calls of one step, or of several that share them. */
export interface BudgetTerm {
  readonly steps: readonly BudgetStep[];
  readonly count: CallCount;
  /** The most calls that it can come to. */
  readonly most: number;
}

export type CallCount =
  /** What a hand-written function calls: as often as it likes, and counted as it is called. */
  | { readonly kind: "resolver"; readonly name: string }
  /** One call, whatever the data (of a join, none where no row has a key), for each page of the reply. */
  | { readonly kind: "once"; readonly pages: number }
  /** Calls for so many distinct keys. */
  | {
      readonly kind: "keys";
      /** Paths as in BudgetStep; all of them together are asked for once. */
      readonly keys: readonly string[];
      /** The most distinct keys. */
      readonly mostKeys: number;
      /** How many keys go in a call. */
      readonly perCall: number;
      /** The parts of the key that are the same for all keys of one call. */
      readonly groupedBy: readonly string[];
      /** The most pages that each reply has. */
      readonly pages: number;
    };
