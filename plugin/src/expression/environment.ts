import type { Message } from "../source/model.js";
import type { EnumMode } from "./field-type.js";
import type { Signature } from "./signature.js";
import type { Literal } from "./syntax.js";
import type { CelType } from "./types.js";

/** What a name stands for. */
export type Meaning =
  /** `nullable`: a message that may not be there, as of a call that did not run. */
  | { readonly kind: "variable"; readonly type: CelType; readonly nullable?: boolean }
  | { readonly kind: "constant"; readonly literal: Literal }
  /** A type as a value. */
  | { readonly kind: "type"; readonly of: CelType };

/** What an expression is checked against. */
export interface Environment {
  /** What a name stands for; undefined for one that is not in scope. The name may have dots. */
  readonly resolve: (name: string) => Meaning | undefined;
  /** All names in scope, for suggestions. */
  readonly names: () => Iterable<string>;
  /** "did you mean a or b?", or else `otherwise`. */
  readonly suggest: (name: string, candidates: Iterable<string>, otherwise: string) => string;
  /** How to mend a name that is not in scope, where more is known than the names that are. */
  readonly absent?: (name: string) => string | undefined;
  /** The names of a message's fields that may be suggested. Default: all. */
  readonly fieldNames?: (message: Message) => readonly string[];
  readonly enums: EnumMode;
  /** A message type by name, where expressions may make messages. */
  readonly message?: (name: string) => Message | undefined;
  /** Functions beside those of the table. */
  readonly functions?: readonly Signature[];
  /** The package that names are looked up in first, inside out. */
  readonly container?: string;
}
