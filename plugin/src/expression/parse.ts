import { parse as parseCel } from "@bufbuild/cel";
import type { Constant, Expr, Expr_Call, ParsedExpr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { asMacro } from "./macros.js";
import { parseProblem } from "./parse-problem.js";
import type { Literal, Problem, Span, Syntax } from "./syntax.js";
import {
  bracketEnd,
  literalEnd,
  nameAt,
  nameEnd,
  skipSpace,
  withoutBackticks,
  withParentheses,
} from "./text-scan.js";

/** Deeper expressions are refused, so that none can exhaust the stack. */
const MAX_DEPTH = 400;
/** Longer ones too. */
const MAX_LENGTH = 20_000;

const SHORTER = "write parts of it as `let`, or in several fields";

/** An expression's tree, or what is wrong with its text. */
export type Parsed = { readonly tree: Syntax } | { readonly problem: Problem };

/** Parses a CEL expression. Never throws. */
export function parseExpression(text: string): Parsed {
  try {
    if (text.length > MAX_LENGTH)
      throw new SyntaxProblem({ start: 0, end: text.length }, "too long", SHORTER);
    if (bracketDepth(text) > MAX_DEPTH)
      throw new SyntaxProblem({ start: 0, end: text.length }, "nested too deeply", SHORTER);
    return { tree: new Converter(text, parseCel(withoutBackticks(text))).tree() };
  } catch (error) {
    return { problem: problemOf(text, error) };
  }
}

/** A mistake that the parser accepts. */
class SyntaxProblem extends Error {
  constructor(
    readonly span: Span,
    message: string,
    readonly fix: string,
  ) {
    super(message);
  }
}

function problemOf(text: string, error: unknown): Problem {
  if (error instanceof SyntaxProblem)
    return { ...error.span, message: `the expression is ${error.message}`, fix: error.fix };
  if (error instanceof RangeError)
    return { start: 0, end: text.length, message: "the expression is nested too deeply", fix: SHORTER };
  const { location } = error as { location?: { start: { offset: number }; end: { offset: number } } };
  if (text.trim() === "")
    return { start: 0, end: text.length, message: "the expression is empty", fix: "write a CEL expression" };
  return parseProblem(text, location?.start.offset ?? 0);
}

/** The deepest nesting of brackets, roughly: those in strings count too. */
function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if ("([{".includes(char)) deepest = Math.max(deepest, ++depth);
    else if (")]}".includes(char)) depth--;
  }
  return deepest;
}

/** Turns the parser's tree, in which macros are expanded and places are offsets, into ours. */
class Converter {
  readonly #positions: Readonly<Record<string, number>>;
  readonly #macros: Readonly<Record<string, Expr>>;
  #depth = 0;

  constructor(
    readonly text: string,
    readonly parsed: ParsedExpr,
  ) {
    this.#positions = parsed.sourceInfo!.positions;
    this.#macros = parsed.sourceInfo!.macroCalls;
  }

  tree(): Syntax {
    return this.#convert(this.parsed.expr!);
  }

  #convert(expr: Expr): Syntax {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxProblem(this.#all(), "nested too deeply", SHORTER);
    const written = this.#macros[String(expr.id)];
    const node = this.#node(written ?? expr, this.#positions[String(expr.id)] ?? 0);
    this.#depth--;
    return node;
  }

  #node({ exprKind }: Expr, at: number): Syntax {
    switch (exprKind.case) {
      case "constExpr": {
        const span = { start: at, end: literalEnd(this.text, at) };
        return { kind: "literal", literal: literalOf(exprKind.value, span), ...span };
      }
      case "identExpr":
        return { kind: "name", name: exprKind.value.name, start: at, end: this.#dottedEnd(at) };
      case "selectExpr": {
        const base = this.#convert(exprKind.value.operand!);
        const nameSpan = this.#nameAfter(at);
        const start = withParentheses(this.text, base).start;
        const name = nameAt(this.text, nameSpan);
        return { kind: "select", base, name, nameSpan, start, end: nameSpan.end };
      }
      case "callExpr":
        return this.#call(exprKind.value, at);
      case "listExpr": {
        const elements = exprKind.value.elements.map((element) => this.#convert(element));
        return { kind: "list", elements, start: at, end: bracketEnd(this.text, at) };
      }
      case "structExpr":
        return this.#struct(exprKind.value, at);
      default:
        throw new SyntaxProblem(
          this.#all(),
          "of a kind that is not supported",
          "write it with operators, functions and macros",
        );
    }
  }

  #struct(struct: Extract<Expr["exprKind"], { case: "structExpr" }>["value"], at: number): Syntax {
    const { entries, messageName } = struct;
    if (messageName === "") {
      const made = entries.map((entry) => ({
        key: this.#convert(entry.keyKind.value as Expr),
        value: this.#convert(entry.value!),
      }));
      return { kind: "map", entries: made, start: at, end: bracketEnd(this.text, at) };
    }
    const fields = entries.map((entry) => {
      const span = this.#fieldSpan(entry.keyKind.value as string, this.#positions[String(entry.id)] ?? at);
      return { name: nameAt(this.text, span), value: this.#convert(entry.value!), ...span };
    });
    const brace = this.text.indexOf("{", at);
    return { kind: "message", typeName: messageName, fields, start: at, end: bracketEnd(this.text, brace) };
  }

  #call(call: Expr_Call, at: number): Syntax {
    const { text } = this;
    const name = call.function;
    if (name === "has" && call.target === undefined) return this.#has(call, at);
    const receiver = call.target === undefined ? undefined : this.#convert(call.target);
    const args = call.args.map((arg) => this.#convert(arg));
    const outer = args.map((arg) => withParentheses(text, arg));
    if (name === "_[_]") {
      const start = outer[0]!.start;
      const open = skipSpace(text, outer[0]!.end);
      const nameSpan = { start: open, end: bracketEnd(text, open) };
      return { kind: "call", name, nameSpan, receiver, args, start, end: nameSpan.end };
    }
    if (name === "!_" || name === "-_") {
      const nameSpan = { start: at, end: at + 1 };
      return { kind: "call", name, nameSpan, receiver, args, start: at, end: outer[0]!.end };
    }
    if (/^_|^@in$/.test(name)) {
      const sign = skipSpace(text, outer[0]!.end);
      const nameSpan = { start: sign, end: sign + operatorLength(name) };
      const end = outer[outer.length - 1]!.end;
      return { kind: "call", name, nameSpan, receiver, args, start: outer[0]!.start, end };
    }
    const nameSpan = receiver === undefined ? { start: at, end: this.#dottedEnd(at) } : this.#nameAfter(at);
    const start = receiver === undefined ? at : withParentheses(text, receiver).start;
    const end = bracketEnd(text, skipSpace(text, nameSpan.end));
    const span = { start, end };
    if (receiver !== undefined) {
      const macro = asMacro(name, nameSpan, receiver, args, span);
      if (macro !== undefined) return macro;
    }
    return { kind: "call", name, nameSpan, receiver, args, ...span };
  }

  #has(call: Expr_Call, at: number): Syntax {
    const args = call.args.map((arg) => this.#convert(arg));
    const nameSpan = { start: at, end: nameEnd(this.text, at) };
    const end = bracketEnd(this.text, skipSpace(this.text, nameSpan.end));
    const [arg] = args;
    if (args.length !== 1 || arg?.kind !== "select")
      return { kind: "call", name: "has", nameSpan, receiver: undefined, args, start: at, end };
    return { kind: "has", base: arg.base, name: arg.name, nameSpan: arg.nameSpan, start: at, end };
  }

  /** The name before the colon at, or after the space at, `at`. */
  #fieldSpan(name: string, at: number): Span {
    const before = this.text.slice(0, at).trimEnd().length - name.length;
    const start = /\w|`/.test(this.text[skipSpace(this.text, at)] ?? "") ? skipSpace(this.text, at) : before;
    return { start, end: start + name.length };
  }

  /** The name after the dot at, or behind the space at, `at`. */
  #nameAfter(at: number): Span {
    const dot = skipSpace(this.text, at);
    const start = skipSpace(this.text, dot + 1);
    return { start, end: nameEnd(this.text, start) };
  }

  /** The end of a name that may start with a dot. */
  #dottedEnd(at: number): number {
    return nameEnd(this.text, this.text[at] === "." ? skipSpace(this.text, at + 1) : at);
  }

  #all(): Span {
    return { start: 0, end: this.text.length };
  }
}

function operatorLength(name: string): number {
  if (name === "_?_:_") return 1;
  return name === "@in" ? 2 : name.length - 2;
}

function literalOf({ constantKind }: Constant, span: Span): Literal {
  switch (constantKind.case) {
    case "int64Value":
      if (constantKind.value !== BigInt.asIntN(64, constantKind.value))
        throw new SyntaxProblem(
          span,
          "not valid: this is not an int of 64 bits",
          "write one from -2^63 to 2^63 - 1",
        );
      return { type: "int", value: constantKind.value };
    case "uint64Value":
      if (constantKind.value !== BigInt.asUintN(64, constantKind.value))
        throw new SyntaxProblem(
          span,
          "not valid: this is not a uint of 64 bits",
          "write one from 0 to 2^64 - 1",
        );
      return { type: "uint", value: constantKind.value };
    case "doubleValue":
      return { type: "double", value: constantKind.value };
    case "boolValue":
      return { type: "bool", value: constantKind.value };
    case "stringValue":
      return { type: "string", value: constantKind.value };
    case "bytesValue":
      return { type: "bytes", value: constantKind.value };
    default:
      return { type: "null" };
  }
}
