import { cast } from "./cast.js";
import type { Checked, Local } from "./checked.js";
import { bodyOf, type Piece, PRIMARY, within } from "./code-text.js";
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
  for (const local of node.locals) compiler.declare(local);
  const condition = (test: Checked) => lambda(compiler, node.locals, () => cast(compiler, test, BOOL));
  const test = node.test === undefined ? [] : [condition(node.test)];
  const body = TESTS.includes(node.macro)
    ? condition(node.body)
    : lambda(compiler, node.locals, () => compiler.compile(node.body));
  // However simple the parts, there may be too many of them.
  return compiler.call(HELPERS[node.macro][test.length as 0 | 1], [range, ...test, body], true);
}

/** A function of those of the variables that its body uses. */
function lambda(compiler: Compiler, locals: readonly Local[], make: () => Piece): string {
  const [piece, names] = compiler.using(locals, make);
  const [first, second] = names;
  let parameters = "()";
  if (locals.length === 1 && first !== undefined) parameters = `(${first})`;
  else if (second !== undefined) parameters = `([${first ?? ""}, ${second}])`;
  else if (first !== undefined) parameters = `([${first}])`;
  return `${parameters} => ${bodyOf(piece)}`;
}

function compileRange(compiler: Compiler, { range, locals, macro }: MacroNode): string {
  const piece = compiler.compile(range);
  const { kind } = range.type;
  const isList = kind === "list";
  if (kind === "map") return `${within(piece, PRIMARY)}.${locals.length === 1 ? "keys" : "entries"}()`;
  if (locals.length === 1) return isList ? piece.text : compiler.call(macro === "sort_by" ? "asList" : "rangeOf", [piece.text], true).text; // biome-ignore format: one expression
  return compiler.call(isList ? "indexed" : "pairsOf", [piece.text], true).text;
}
