/**
 * Pieces of TypeScript with what binds them, so that they are put together with no parentheses but those needed.
 *
 * Source: https://tc39.es/ecma262/multipage/ecmascript-language-expressions.html
 */
export interface Piece {
  readonly text: string;
  readonly binds: number;
  /** Whether it may throw a CelError. */
  readonly fails: boolean;
  /** Of an operation. */
  readonly operator?: string;
}

export const ARROW = 1;
export const CONDITIONAL = 2;
export const OR = 3;
export const AND = 4;
export const EQUAL = 8;
export const RELATION = 9;
export const ADD = 11;
export const MULTIPLY = 12;
export const UNARY = 14;
/** Names, literals, calls, members. */
export const PRIMARY = 18;

/** How an operator of JavaScript binds. */
export const BINDS: Readonly<Record<string, number>> = {
  "===": EQUAL,
  "!==": EQUAL,
  "<": RELATION,
  "<=": RELATION,
  ">": RELATION,
  ">=": RELATION,
  "+": ADD,
  "-": ADD,
  "*": MULTIPLY,
  "/": MULTIPLY,
  "&&": AND,
  "||": OR,
};

/** What needs nothing around it. */
export function primary(text: string, fails: boolean): Piece {
  return { text, binds: PRIMARY, fails };
}

/** The text of a piece where what is around it binds so much. */
export function within(piece: Piece, binds: number): string {
  return piece.binds < binds ? `(${piece.text})` : piece.text;
}

/** `a operator b` */
export function operation(a: Piece, operator: string, b: Piece, fails = a.fails || b.fails): Piece {
  const binds = BINDS[operator]!;
  // Mixed && and ||, or * and /, are allowed without parentheses, but hard to read: formatters put them.
  const isMixed =
    (operator === "||" && a.binds === AND) ||
    (a.binds === MULTIPLY && binds === MULTIPLY && a.operator !== operator);
  const left = isMixed || (a.binds === EQUAL && binds === EQUAL) ? PRIMARY : binds;
  const right = operator === "||" && b.binds === AND ? PRIMARY : binds + 1;
  return { text: `${within(a, left)} ${operator} ${within(b, right)}`, binds, fails, operator };
}

/** A function without arguments that gives the piece. */
export function thunk(piece: Piece): string {
  return `() => ${bodyOf(piece)}`;
}

/** A piece as the body of an arrow function, where a brace would begin a block. */
export function bodyOf(piece: Piece): string {
  return piece.text.startsWith("{") ? `(${piece.text})` : piece.text;
}
