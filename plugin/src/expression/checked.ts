import type { Field, Message } from "../source/model.js";
import type { Signature } from "./signature.js";
import type { Literal, Macro, Problem, Span } from "./syntax.js";
import type { CelType } from "./types.js";

/** A variable of a macro. */
export interface Local {
  readonly name: string;
  /** It may be null though its type is a message. */
  readonly nullable: boolean;
  /** What the macro goes through is not written in the expression. */
  readonly wide: boolean;
}

/** The tree of an expression whose types are known. */
export type Checked = Span & {
  readonly type: CelType;
  /** Has one value in a request, however often it is asked for: that of this name. */
  readonly once?: string;
} & (
    | { readonly kind: "literal"; readonly literal: Literal }
    /** A name of the environment. */
    | { readonly kind: "variable"; readonly name: string; readonly nullable: boolean }
    | { readonly kind: "local"; readonly local: Local }
    /** A type as a value. */
    | { readonly kind: "typeValue"; readonly of: CelType }
    /** A field of a message, which may be null. */
    | { readonly kind: "field"; readonly base: Checked; readonly field: Field }
    | { readonly kind: "hasField"; readonly base: Checked; readonly field: Field }
    /** A key of a map, or a field of what is known only at run time. */
    | { readonly kind: "select"; readonly base: Checked; readonly name: string }
    | { readonly kind: "hasName"; readonly base: Checked; readonly name: string }
    | {
        readonly kind: "call";
        readonly signature: Signature;
        /** The types that the signature wants here. */
        readonly params: readonly CelType[];
        readonly args: readonly Checked[];
      }
    /** A call of which it is known only at run time what it means: by a helper of the runtime. */
    | {
        readonly kind: "dynamicCall";
        readonly helper: string;
        /** What the helper wants whatever the call means. */
        readonly params: readonly CelType[];
        readonly args: readonly Checked[];
      }
    /** `==` and `!=` */
    | { readonly kind: "equality"; readonly equal: boolean; readonly args: readonly [Checked, Checked] }
    /** `&&` and `||` */
    | { readonly kind: "logic"; readonly operator: "&&" | "||"; readonly args: readonly [Checked, Checked] }
    | { readonly kind: "conditional"; readonly args: readonly [Checked, Checked, Checked] }
    | { readonly kind: "list"; readonly elements: readonly Checked[] }
    | {
        readonly kind: "map";
        readonly entries: ReadonlyArray<{ readonly key: Checked; readonly value: Checked }>;
      }
    | {
        readonly kind: "message";
        readonly message: Message;
        readonly fields: ReadonlyArray<{ readonly field: Field; readonly value: Checked }>;
      }
    | {
        readonly kind: "macro";
        readonly macro: Macro;
        readonly range: Checked;
        readonly locals: readonly Local[];
        readonly test: Checked | undefined;
        readonly body: Checked;
      }
    /** Has no value: what stood here is a problem. */
    | { readonly kind: "fail"; readonly message: string }
  );

/** What checking gives: a tree even where there are problems, in which they fail when they are run. */
export interface CheckResult {
  readonly tree: Checked;
  readonly problems: readonly Problem[];
}
