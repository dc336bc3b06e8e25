import type { Macro, Span, Syntax } from "./syntax.js";

/** What a macro's arguments may be: so many variables, then the expressions. */
interface Shape {
  readonly macro: Macro;
  readonly variables: 1 | 2;
  /** A condition before the result. */
  readonly test: boolean;
}

/** The macros by name and number of arguments. */
const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ["all/2", { macro: "all", variables: 1, test: false }],
  ["all/3", { macro: "all", variables: 2, test: false }],
  ["exists/2", { macro: "exists", variables: 1, test: false }],
  ["exists/3", { macro: "exists", variables: 2, test: false }],
  ["exists_one/2", { macro: "exists_one", variables: 1, test: false }],
  ["existsOne/2", { macro: "exists_one", variables: 1, test: false }],
  ["existsOne/3", { macro: "exists_one", variables: 2, test: false }],
  ["filter/2", { macro: "filter", variables: 1, test: false }],
  ["map/2", { macro: "map", variables: 1, test: false }],
  ["map/3", { macro: "map", variables: 1, test: true }],
  ["transformList/3", { macro: "transformList", variables: 2, test: false }],
  ["transformList/4", { macro: "transformList", variables: 2, test: true }],
  ["transformMap/3", { macro: "transformMap", variables: 2, test: false }],
  ["transformMap/4", { macro: "transformMap", variables: 2, test: true }],
  ["sort_by/2", { macro: "sort_by", variables: 1, test: false }],
]);

/** The names of the macros, as methods of a list or map. */
export const MACRO_NAMES: ReadonlySet<string> = new Set([...SHAPES.keys()].map((key) => key.split("/")[0]!));

/** A method call as the macro that it is; undefined where it is none, or its variables are no names. */
export function asMacro(
  name: string,
  nameSpan: Span,
  range: Syntax,
  args: readonly Syntax[],
  span: Span,
): Syntax | undefined {
  const shape = SHAPES.get(`${name}/${args.length}`);
  if (shape === undefined) return undefined;
  const variables: (Span & { name: string })[] = [];
  for (const arg of args.slice(0, shape.variables)) {
    if (arg.kind !== "name" || arg.name.startsWith(".")) return undefined;
    variables.push({ name: arg.name, start: arg.start, end: arg.end });
  }
  const test = shape.test ? args[shape.variables]! : undefined;
  const body = args[args.length - 1]!;
  return { kind: "macro", macro: shape.macro, nameSpan, range, variables, test, body, ...span };
}
