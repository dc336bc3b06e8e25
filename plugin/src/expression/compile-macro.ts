import { cast } from "./cast.js";
import type { Checked } from "./checked.js";
import { type Piece, PRIMARY, within } from "./code-text.js";
import type { Compiler } from "./compile.js";
import type { Macro } from "./syntax.js";
import { BOOL } from "./types.js";

type MacroNode = Checked & { kind: "macro" };

/** The helpers that run macros: without and with a condition beside the result. */
const HELPERS: Readonly<Record<Macro, readonly [string, string]>> = {
  all: ["all", "all"],
  exists: ["exists", "exists"],
  exists_one: ["existsOne", "existsOne"],
  filter: ["filter", "filter"],
  map: ["map", "filterMap"],
  transformList: ["map", "filterMap"],
  transformMap: ["transformMap", "filterTransformMap"],
  sort_by: ["sortBy", "sortBy"],
};

const TESTS: readonly Macro[] = ["all", "exists", "exists_one", "filter"];

/** A macro: a helper of the runtime that is given what it goes through, and small functions. */
export function compileMacro(compiler: Compiler, node: MacroNode): Piece {
  const range = compileRange(compiler, node);
  const names = node.locals.map((local) => compiler.declare(local));
  const parameters = names.length === 1 ? `(${names[0]})` : `([${names.join(", ")}])`;
  const lambda = (piece: Piece) =>
    `${parameters} => ${piece.text.startsWith("{") ? `(${piece.text})` : piece.text}`;
  const body = TESTS.includes(node.macro) ? cast(compiler, node.body, BOOL) : compiler.compile(node.body);
  const test = node.test === undefined ? [] : [lambda(cast(compiler, node.test, BOOL))];
  // However simple the parts, there may be too many of them.
  return compiler.call(HELPERS[node.macro][test.length as 0 | 1], [range, ...test, lambda(body)], true);
}

function compileRange(compiler: Compiler, { range, locals, macro }: MacroNode): string {
  const piece = compiler.compile(range);
  const { kind } = range.type;
  const isList = kind === "list";
  if (kind === "map") return `${within(piece, PRIMARY)}.${locals.length === 1 ? "keys" : "entries"}()`;
  if (locals.length === 1) return isList ? piece.text : compiler.call(macro === "sort_by" ? "asList" : "rangeOf", [piece.text], true).text; // biome-ignore format: one expression
  return compiler.call(isList ? "indexed" : "pairsOf", [piece.text], true).text;
}
