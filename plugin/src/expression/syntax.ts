/** The syntax tree of a CEL expression: as the author wrote it, macros unexpanded, each node with its place. */

/** Where a part stands in the expression's text; the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A mistake in an expression: where in its text, what, and how to mend it. */
export interface Problem extends Span {
  readonly message: string;
  readonly fix: string;
}

export type Literal =
  | { readonly type: "int" | "uint"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "null" };

export type Syntax = Span &
  (
    | { readonly kind: "literal"; readonly literal: Literal }
    /** A name; one that starts with a dot is not looked up in the container. */
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "select"; readonly base: Syntax; readonly name: string; readonly nameSpan: Span }
    /** `has(base.name)` */
    | { readonly kind: "has"; readonly base: Syntax; readonly name: string; readonly nameSpan: Span }
    /** An operator ("_+_", "@in", "_?_:_", "_[_]"), a function or, with a receiver, a method. */
    | {
        readonly kind: "call";
        readonly name: string;
        /** Of the operator or name alone. */
        readonly nameSpan: Span;
        readonly receiver: Syntax | undefined;
        readonly args: readonly Syntax[];
      }
    | { readonly kind: "list"; readonly elements: readonly Syntax[] }
    | {
        readonly kind: "map";
        readonly entries: ReadonlyArray<{ readonly key: Syntax; readonly value: Syntax }>;
      }
    | {
        readonly kind: "message";
        readonly typeName: string;
        readonly fields: ReadonlyArray<Span & { readonly name: string; readonly value: Syntax }>;
      }
    /** `range.all(x, test)` and the like. */
    | {
        readonly kind: "macro";
        readonly macro: Macro;
        readonly nameSpan: Span;
        readonly range: Syntax;
        /** One variable, or two: index and element, or key and value. */
        readonly variables: readonly (Span & { readonly name: string })[];
        /** The condition of a macro that has one beside its result. */
        readonly test: Syntax | undefined;
        readonly body: Syntax;
      }
  );

/** A use of an operator, function or method. */
export type CallSyntax = Syntax & { readonly kind: "call" };

/** "_+_" as "+", for messages. */
export function operatorText(name: string): string {
  if (name === "@in") return '"in"';
  return `"${name === "_[_]" ? "[]" : name.replace(/_(?=\W)|(?<=\W)_/g, "")}"`;
}

export type Macro =
  | "all"
  | "exists"
  | "exists_one"
  | "map"
  | "filter"
  | "transformList"
  | "transformMap"
  | "sort_by";
