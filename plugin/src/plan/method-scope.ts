import type { DescService } from "@bufbuild/protobuf";
import type { ServiceRule } from "../source/annotations.js";
import type { Message } from "../source/model.js";
import type { Place } from "./context.js";
import type { CallPlan } from "./types.js";
import type { Named, Scope } from "./values/scope.js";

/** What the methods of a service take from it. */
export interface ServiceScope {
  readonly desc: DescService;
  readonly rule: ServiceRule | undefined;
  /** The internal service of `from`; "unknown" where there is none of that name. */
  readonly home: DescService | undefined | "unknown";
  /** Names of its `let` that some method uses. */
  readonly usedLets: Set<string>;
}

/**
 * Where in a response a message stands: below which joins that may reach themselves, how often each, and below which
 * fields with `skip`. A message has a translator for each, so that generated code has no counters: at the last level
 * the join is not there.
 */
export interface Below {
  /** By the join's identity; only joins with a `max_depth`. */
  readonly depths: ReadonlyMap<string, number>;
  readonly skipped: ReadonlySet<string>;
}

/** What the translators of one public method share. */
export interface MethodScope {
  /** Says, for translators that are made once and used by many, which names were in scope. */
  readonly id: string;
  readonly request: Message;
  readonly calls: Named<CallPlan>;
  /** A call has no name that could be used: see Scope. */
  readonly incomplete: boolean;
  readonly lets: Scope["lets"];
  /** `set` of the public service: into every call and join whose request has the field. */
  readonly serviceSets: ReadonlyArray<{ readonly text: string; readonly place: Place }>;
  /** Where in the response, as far as it makes a difference, and the `id` at its top; default: there. */
  readonly below?: Below;
  readonly base?: string;
}
