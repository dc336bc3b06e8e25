import type { Checked } from "./checked.js";
import type { Context, Scope } from "./context.js";
import { conversionFix } from "./conversion-fix.js";
import { withEnumNames } from "./enum-name.js";
import { type CallSyntax, operatorText } from "./syntax.js";
import { BOOL, type CelType, DYN, ERROR, typeText } from "./types.js";

/**
 * `&&` and `||`
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators
 */
export function checkLogic(ctx: Context, syntax: CallSyntax, scope: Scope | undefined): Checked {
  const operator = syntax.name === "_&&_" ? "&&" : "||";
  const args = syntax.args.map((arg) => {
    const checked = ctx.check(arg, scope);
    return isBool(ctx, checked, `"${operator}" takes`) ? checked : failing(ctx, checked);
  });
  const { start, end } = syntax;
  return ctx.node({ kind: "logic", operator, args: [args[0]!, args[1]!], type: BOOL, start, end });
}

function isBool(ctx: Context, checked: Checked, who: string): boolean {
  if (ctx.inference.assign(checked.type, BOOL)) return true;
  const given = typeText(ctx.inference.known(checked.type));
  ctx.report(checked, `${who} bool, not ${given}`, "compare it with something");
  return false;
}

/** What is reported already has no value. */
function failing(ctx: Context, { start, end }: Checked): Checked {
  return ctx.node({ kind: "fail", message: "no such overload", type: ERROR, start, end });
}

/** `condition ? a : b` */
export function checkConditional(ctx: Context, syntax: CallSyntax, scope: Scope | undefined): Checked {
  const [condition, a, b] = syntax.args.map((arg) => ctx.check(arg, scope));
  const { start, end } = syntax;
  const test = isBool(ctx, condition!, "the condition is") ? condition! : failing(ctx, condition!);
  let type: CelType | undefined = ctx.inference.join(a!.type, b!.type);
  if (type === undefined) {
    const [one, other] = [a!, b!].map((arg) => typeText(ctx.inference.known(arg.type)));
    const message = `the value is either ${one} or ${other}`;
    ctx.report(syntax, message, "convert one of them, or wrap it in dyn()");
    type = DYN;
  }
  return ctx.node({ kind: "conditional", args: [test, a!, b!], type, start, end });
}

/**
 * `==` and `!=`: of values that fit each other.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#equality
 */
export function checkEquality(ctx: Context, syntax: CallSyntax, scope: Scope | undefined): Checked {
  const [a, b] = syntax.args.map((arg) => ctx.check(arg, scope)) as [Checked, Checked];
  const joined = ctx.inference.join(a.type, b.type);
  if (joined === undefined) {
    const [one, other] = [a, b].map((arg) => typeText(ctx.inference.known(arg.type)));
    const message = `${operatorText(syntax.name)} does not compare ${one} with ${other}`;
    const isList = [a, b].some(({ type }) => ctx.inference.shallow(type).kind === "list");
    const fix = isList
      ? "write `value in list`, or compare an element"
      : (conversionFix(ctx, syntax, [a, b]) ?? "convert one of them, or wrap it in dyn()");
    ctx.report(syntax, message, fix);
  }
  const args: [Checked, Checked] = [withEnumNames(ctx, b, a), withEnumNames(ctx, a, b)];
  const { start, end } = syntax;
  return ctx.node({ kind: "equality", equal: syntax.name === "_==_", args, type: BOOL, start, end });
}
