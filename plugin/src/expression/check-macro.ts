import type { Checked, Local } from "./checked.js";
import { type Context, failed, type Scope } from "./context.js";
import { isOpen } from "./inference.js";
import type { Syntax } from "./syntax.js";
import { BOOL, type CelType, DYN, INT, listOf, mapOf, typeText } from "./types.js";

type MacroSyntax = Syntax & { kind: "macro" };

/** Types that `sort_by` can sort by. */
const ORDERED = [
  "int",
  "uint",
  "double",
  "bool",
  "string",
  "bytes",
  "timestamp",
  "duration",
  "enum",
  "dyn",
  "error",
];

/**
 * Macros: `range.all(x, test)` and the like.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros
 */
export function checkMacro(ctx: Context, syntax: MacroSyntax, scope: Scope | undefined): Checked {
  const range = ctx.check(syntax.range, scope);
  const type = ctx.inference.shallow(range.type);
  const types = variableTypes(ctx, type, syntax.variables.length);
  const isListOnly = syntax.macro === "sort_by";
  if (types === undefined || (isListOnly && type.kind === "map")) {
    const message = `"${syntax.macro}" does not go through ${typeText(ctx.inference.known(type))}`;
    return failed(ctx, syntax, range, message, `use it on a list${isListOnly ? "" : " or a map"}`);
  }
  const [first, second] = syntax.variables;
  if (second !== undefined && first!.name === second.name)
    return failed(ctx, syntax, second, `both variables are called "${second.name}"`, "give them two names");
  const locals: Local[] = [];
  let inner = scope;
  syntax.variables.forEach(({ name }, i) => {
    const isNamed = range.kind === "field" || range.kind === "variable";
    const local = { name, nullable: !isNamed, wide: isNamed };
    locals.push(local);
    inner = { local, type: types[i]!, outer: inner };
  });
  const test = syntax.test === undefined ? undefined : ctx.check(syntax.test, inner);
  const body = ctx.check(syntax.body, inner);
  const result = resultType(ctx, syntax, types, body, test);
  if ("problem" in result) return failed(ctx, syntax, result.at, result.problem, result.fix);
  const { macro, start, end } = syntax;
  return ctx.node({ kind: "macro", macro, range, locals, test, body, type: result.type, start, end });
}

/** The types of so many variables over a range; undefined where it cannot be gone through. */
function variableTypes(ctx: Context, range: CelType, count: number): CelType[] | undefined {
  if (isOpen(range)) return [DYN, DYN];
  if (range.kind === "map") return [range.key, range.value];
  const element = range.kind === "variable" ? ctx.inference.variable() : undefined;
  if (element !== undefined && !ctx.inference.assign(listOf(element), range)) return undefined;
  if (element === undefined && range.kind !== "list") return undefined;
  const of = element ?? (range as { element: CelType }).element;
  return count === 1 ? [of] : [INT, of];
}

type Result =
  | { readonly type: CelType }
  | { readonly problem: string; readonly fix: string; readonly at: Checked };

function resultType(
  ctx: Context,
  syntax: MacroSyntax,
  types: readonly CelType[],
  body: Checked,
  test: Checked | undefined,
): Result {
  const isTest = ["all", "exists", "exists_one", "filter"].includes(syntax.macro);
  const condition = isTest ? body : test;
  if (condition !== undefined && !ctx.inference.assign(condition.type, BOOL)) {
    const given = typeText(ctx.inference.known(condition.type));
    return {
      problem: `the condition is ${given}, not bool`,
      fix: "compare it with something",
      at: condition,
    };
  }
  switch (syntax.macro) {
    case "filter":
      return { type: listOf(types[0]!) };
    case "map":
    case "transformList":
      return { type: listOf(body.type) };
    case "transformMap":
      return { type: mapOf(types[0]!, body.type) };
    case "sort_by": {
      const key = ctx.inference.shallow(body.type);
      if (ORDERED.includes(key.kind) || key.kind === "variable") return { type: listOf(types[0]!) };
      const given = typeText(ctx.inference.known(key));
      return { problem: `${given} has no order`, fix: "sort by a number, string or time", at: body };
    }
    default:
      return { type: BOOL };
  }
}
