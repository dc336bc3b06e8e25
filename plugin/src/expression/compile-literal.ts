import { type Piece, PRIMARY, primary, UNARY } from "./code-text.js";
import type { Compiler } from "./compile.js";
import type { Literal } from "./syntax.js";

/** A literal in TypeScript. Text is quoted as data: nothing in it is ever code. */
export function literalText(compiler: Compiler, literal: Literal): Piece {
  const { target } = compiler;
  switch (literal.type) {
    case "int":
      return signed(`${literal.value}n`);
    case "uint":
      return primary(target.constant(`new ${target.helper("Uint")}(${literal.value}n)`), false);
    case "double":
      return signed(doubleText(literal.value));
    case "string":
      return primary(quoted(literal.value), false);
    case "bytes":
      return primary(target.constant(`new Uint8Array([${[...literal.value].join(", ")}])`), false);
    case "bool":
      return primary(String(literal.value), false);
    case "null":
      return primary("null", false);
  }
}

function signed(text: string): Piece {
  return { text, binds: text.startsWith("-") ? UNARY : PRIMARY, fails: false };
}

function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `Number.${value > 0 ? "POSITIVE" : "NEGATIVE"}_INFINITY`;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}
