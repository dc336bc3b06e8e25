import type { Finding } from "../../source/finding.js";
import type { Field, Message } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import type { Exposure } from "../public/exposure.js";
import type { Conversion, JoinPlan, Translator, Value } from "../types.js";
import type { Assignment } from "../values/assignment.js";
import type { Scope } from "../values/scope.js";

/** Makes translators, one per pair of types and names in scope, and keeps account of what they use. */
export interface Translators {
  readonly context: Context;
  readonly exposure: Exposure;
  /** Every `from` that was looked at, and whether it fitted anywhere. */
  readonly candidates: Map<string, Candidate>;
  /** The joins that were left out at the last level of their `max_depth`. */
  readonly cut: Set<string>;
  /** How many translators there are of a message because of the depths of joins. */
  readonly unrolled: Map<string, number>;
  /** All translators of messages, in the order in which they were made. */
  readonly all: Array<{ translator: Translator; scope: MethodScope }>;
  /** Requests of which a message could not be mapped: what a mask beside it would be of is then not said. */
  readonly broken: Set<Translator>;

  /**
   * The translator of a public message. `source` is undefined where there is no call without a name, "broken" where
   * that call is wrong: then nothing is said of what should come from it. `around` is the source of the message
   * around it.
   */
  response(
    target: Message,
    source: Message | undefined | "broken",
    scope: MethodScope,
    any?: readonly string[],
    around?: Message,
  ): Translator | undefined;

  /**
   * The translator of a message inside a request: every public field must find its place, by `to`, by an inverted
   * `from`, or by its name.
   */
  request(
    target: Message,
    source: Message,
    scope: MethodScope,
    any?: readonly string[],
  ): Translator | undefined;

  /** How a value becomes a field of a message that `owner` writes; reports where it cannot. */
  convert(
    value: Value,
    target: Field,
    many: boolean,
    owner: Translator,
    scope: MethodScope,
    place: Place,
    any: readonly string[],
  ): Conversion | undefined;

  /** Has a join of a response run for a condition of the method. */
  ensure(translator: Translator, join: JoinPlan): void;

  /** Some place of a message, and of all inside it, is not looked at: a `from` may be meant for that place. */
  excuse(message: Message): void;

  /** A `set` of the service holds for those requests that have its field; undefined for the others. */
  serviceSet(text: string, target: Message, names: Scope, place: Place): Assignment | undefined;

  /** Some request is not looked at: a `set` of the service may be meant for it. */
  excuseSets(scope: MethodScope): void;
}

/** One of several `from` of a field: whether it fits somewhere. */
export interface Candidate {
  readonly place: Place;
  readonly text: string;
  readonly message: Message;
  used: boolean;
  readonly sources: Set<string>;
  /** What was found where it did not fit. */
  trouble: Finding | undefined;
}
