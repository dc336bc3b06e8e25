import { cast } from "./cast.js";
import type { Checked } from "./checked.js";
import { CONDITIONAL, operation, type Piece, thunk, within } from "./code-text.js";
import type { Compiler } from "./compile.js";
import { BOOL } from "./types.js";
import { isWide } from "./wide.js";

/** Types whose values are equal where they are the same to JavaScript. */
const SAME: readonly string[] = ["int", "double", "bool", "string", "enum", "null"];

/** `==` and `!=` */
export function compileEquality(compiler: Compiler, node: Checked & { kind: "equality" }): Piece {
  const [a, b] = node.args;
  const pieces = [compiler.compile(a), compiler.compile(b)] as const;
  const { kind } = a.type;
  const isNullTest = [a, b].some((arg) => arg.kind === "literal" && arg.literal.type === "null");
  const isSame =
    (isWide(a) || isWide(b)) &&
    (isNullTest || (SAME.includes(kind) && (kind === b.type.kind || isText(kind, b.type.kind))));
  // Two texts that may be long count in what the expression may cost.
  const isLong = [a, b].every((arg) => arg.type.kind === "string" && arg.kind !== "literal");
  if (isSame && !isLong) return operation(pieces[0], node.equal ? "===" : "!==", pieces[1]);
  // Long lists can exceed the budget.
  const fails = pieces.some((piece) => piece.fails) || ["list", "map", "dyn"].some((open) => [kind, b.type.kind].includes(open as never)); // biome-ignore format: one expression
  return compiler.call(
    node.equal ? "equals" : "differs",
    pieces.map(({ text }) => text),
    fails,
  );
}

function isText(a: string, b: string): boolean {
  return [a, b].every((kind) => kind === "string" || kind === "enum");
}

/**
 * `&&` and `||`. JavaScript's own do, unless the left operand can fail and the right one may decide all the same. The
 * operators are commutative, so that the one that cannot fail can be asked first.
 */
export function compileLogic(compiler: Compiler, node: Checked & { kind: "logic" }): Piece {
  const { operator } = node;
  const [a, b] = node.args.map((arg) => cast(compiler, arg, BOOL)) as [Piece, Piece];
  if (!a.fails) return operation(a, operator, b);
  if (!b.fails) return operation(b, operator, a);
  return compiler.call(operator === "&&" ? "and" : "or", [thunk(a), thunk(b)], true);
}

/** `condition ? a : b` */
export function compileConditional(compiler: Compiler, node: Checked & { kind: "conditional" }): Piece {
  const [condition, a, b] = node.args;
  const test = cast(compiler, condition, BOOL);
  const pieces = [compiler.part(a, node.type), compiler.part(b, node.type)] as const;
  const fails = test.fails || pieces.some((piece) => piece.fails);
  const [yes, no] = pieces.map((piece) => within(piece, CONDITIONAL));
  return { text: `${within(test, CONDITIONAL + 1)} ? ${yes} : ${no}`, binds: CONDITIONAL, fails };
}
