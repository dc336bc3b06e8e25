import type { Message } from "../../source/model.js";
import type { Translator, Value } from "../types.js";

/** What a conversion needs from its surroundings. */
export interface ConversionScope {
  readonly direction: "response" | "request";
  /** Makes the translator of a message inside; undefined where that failed and was reported. */
  readonly translate: (target: Message, source: Message, value: Value) => Translator | undefined;
  /** The translators of the types that an Any here may hold; undefined where none are listed. */
  readonly anyTypes: () => readonly Translator[] | undefined;
  /** The translator of what a FieldMask here masks; undefined where that is not clear. */
  readonly maskSubject: () => Translator | undefined | "broken";
  /** Whether the value stands for a list of found rows. */
  readonly many: boolean;
}
