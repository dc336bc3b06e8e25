import { RE2JS } from "@bufbuild/re2";
import { checkConditional, checkEquality, checkLogic } from "./check-operator.js";
import type { Checked } from "./checked.js";
import { type Context, candidates, dottedName, failed, findLocal, type Scope } from "./context.js";
import { conversionFix } from "./conversion-fix.js";
import { withEnumNames } from "./enum-name.js";
import { mapParts } from "./inference.js";
import { MACRO_NAMES } from "./macros.js";
import { OTHER_NAMES } from "./other-names.js";
import type { Signature } from "./signature.js";
import { FALLBACKS, functionNames, signaturesOf } from "./signatures.js";
import { type CallSyntax, operatorText } from "./syntax.js";
import { type CelType, DYN, typeText } from "./types.js";

/** Operators, functions and methods. */
export function checkCall(ctx: Context, syntax: CallSyntax, scope: Scope | undefined): Checked {
  const args = syntax.args;
  switch (syntax.name) {
    case "_&&_":
    case "_||_":
      return checkLogic(ctx, syntax, scope);
    case "_==_":
    case "_!=_":
      return checkEquality(ctx, syntax, scope);
    case "_?_:_":
      return checkConditional(ctx, syntax, scope);
    default: {
      const named = qualifiedFunction(ctx, syntax, scope);
      if (named !== undefined)
        return resolve(
          ctx,
          syntax,
          named,
          args.map((arg) => ctx.check(arg, scope)),
        );
      const receiver = syntax.receiver === undefined ? [] : [syntax.receiver];
      const signatures = lookUp(ctx, syntax.name, syntax.receiver !== undefined);
      if (signatures.length === 0) {
        // It may be meant as a macro, whose variables are in no scope here: what its arguments are is not known.
        for (const part of receiver) ctx.check(part, scope);
        return unknownFunction(ctx, syntax);
      }
      const checked = [...receiver, ...args].map((arg) => ctx.check(arg, scope));
      return resolve(ctx, syntax, signatures, checked);
    }
  }
}

/** "strings.quote(x)": what looks like a method of a name is the function of a package. */
function qualifiedFunction(
  ctx: Context,
  syntax: CallSyntax,
  scope: Scope | undefined,
): readonly Signature[] | undefined {
  const base = syntax.receiver === undefined ? undefined : dottedName(syntax.receiver);
  if (base === undefined || findLocal(scope, base.split(".")[0]!) !== undefined) return undefined;
  const found = lookUp(ctx, `${base}.${syntax.name}`, false);
  return found.length === 0 ? undefined : found;
}

function lookUp(ctx: Context, name: string, method: boolean): readonly Signature[] {
  const names = method ? [name] : candidates(ctx.env, name);
  for (const candidate of names) {
    const own = ctx.env.functions?.filter((each) => each.name === candidate && each.method === method) ?? [];
    const all = [...signaturesOf(candidate, method), ...own];
    if (all.length > 0) return all;
  }
  return [];
}

/** A macro that is not written as one: the names of its variables are then in no scope. */
function isMisused({ name, receiver }: CallSyntax): boolean {
  return name === "has" || (receiver !== undefined && MACRO_NAMES.has(name));
}

function unknownFunction(ctx: Context, syntax: CallSyntax): Checked {
  const method = syntax.receiver !== undefined;
  const { name, nameSpan } = syntax;
  if (isMisused(syntax)) {
    const fix =
      name === "has" ? `write has(${pathForHas(ctx, syntax)})` : `write list.${name}(name, expression)`;
    return failed(ctx, syntax, syntax, `"${name}" is not used as it is meant to be`, fix);
  }
  const own = (ctx.env.functions ?? []).filter((each) => each.method === method).map((each) => each.name);
  const known = [...functionNames(method), ...own, ...(method ? MACRO_NAMES : ["has"])];
  // What is a function to one language is a method to another.
  const other = signaturesOf(name, !method).length > 0;
  const foreign = OTHER_NAMES.get(name);
  const otherwise = other
    ? `write ${method ? `${name}(x)` : `x.${name}()`}`
    : foreign === undefined
      ? "use a function of CEL"
      : `did you mean ${foreign}?`;
  const fix = other || foreign !== undefined ? otherwise : ctx.env.suggest(name, known, otherwise);
  return failed(ctx, syntax, nameSpan, `there is no ${method ? "method" : "function"} "${name}"`, fix);
}

/** What `has` takes: a field of a message, as which a bare name is written too. */
function pathForHas(ctx: Context, { args: [arg] }: CallSyntax): string {
  const name = arg?.kind === "name" ? arg.name : "";
  const root = ["source", "request"].find((known) => {
    const meaning = ctx.env.resolve(known);
    return (
      meaning?.kind === "variable" && meaning.type.kind === "message" && meaning.type.message.byName.has(name)
    );
  });
  return root === undefined ? "message.field" : `${root}.${name}`;
}

/** Finds the signatures that the arguments fit: one is called, of several the one that applies at run time. */
function resolve(
  ctx: Context,
  syntax: CallSyntax,
  signatures: readonly Signature[],
  args: readonly Checked[],
): Checked {
  const { start, end } = syntax;
  const { inference } = ctx;
  const fitting = signatures.filter((signature) =>
    inference.trial(() => fit(ctx, signature, args) !== undefined),
  );
  if (fitting.length === 0) return noOverload(ctx, syntax, signatures, args);
  if (fitting.length === 1) {
    const signature = fitting[0]!;
    const { params, result } = fit(ctx, signature, args)!;
    if (signature.name === "matches") checkPattern(ctx, args[1]!);
    const named = syntax.name === "@in" ? [args[0]!, withEnumNames(ctx, args[0]!, args[1]!)] : args;
    return ctx.node({ kind: "call", signature, params, args: named, type: result, start, end });
  }
  const types = fitting.map((signature) =>
    inference.trial(() => inference.settled(fit(ctx, signature, args)!.result)),
  );
  const agreed = types.every((type) => typeText(type) === typeText(types[0]!)) ? types[0]! : DYN;
  const params = args.map((_, i) => commonParam(fitting.map((signature) => signature.args[i]!)));
  const helper = dynamicHelper(syntax.name, fitting);
  return ctx.node({ kind: "dynamicCall", helper, params, args, type: agreed, start, end });
}

/** What all signatures want of an argument: a list or a map, where they all do, else anything. */
function commonParam(types: readonly CelType[]): CelType {
  const [first] = types;
  if (!types.every((type) => type.kind === first!.kind)) return DYN;
  return mapParts(first!.kind === "param" ? DYN : first!, () => DYN);
}

/** The helper that can tell at run time which of several signatures applies. */
export function dynamicHelper(name: string, signatures: readonly Signature[]): string {
  const fallback = FALLBACKS.get(name);
  if (fallback !== undefined) return fallback;
  const { code } = signatures[0]!;
  if (code.kind !== "helper" || !signatures.every((each) => each.checks && sameHelper(each, code.name)))
    throw new Error(`${name} has no helper for arguments whose types are known only at run time`);
  return code.name;
}

function sameHelper({ code }: Signature, name: string): boolean {
  return code.kind === "helper" && code.name === name;
}

interface Instance {
  readonly params: readonly CelType[];
  readonly result: CelType;
}

/** A signature with its type parameters open, if the arguments fit it. */
function fit(ctx: Context, signature: Signature, args: readonly Checked[]): Instance | undefined {
  if (signature.args.length !== args.length) return undefined;
  const variables = new Map<string, CelType>();
  const open = (type: CelType): CelType => {
    if (type.kind !== "param") return mapParts(type, open);
    const variable = variables.get(type.name) ?? ctx.inference.variable();
    variables.set(type.name, variable);
    return variable;
  };
  const params = signature.args.map(open);
  if (!params.every((type, i) => ctx.inference.assign(args[i]!.type, type))) return undefined;
  return { params, result: open(signature.result) };
}

function noOverload(
  ctx: Context,
  syntax: CallSyntax,
  signatures: readonly Signature[],
  args: readonly Checked[],
): Checked {
  const given = args.map((arg) => typeText(ctx.inference.known(arg.type)));
  const sameCount = signatures.filter((signature) => signature.args.length === args.length);
  const only = sameCount.length === 1 ? sameCount[0]! : undefined;
  const wrong = only === undefined ? [] : args.filter((arg, i) => !ctx.inference.trial(() => ctx.inference.assign(arg.type, opened(ctx, only.args[i]!)))); // biome-ignore format: one expression
  const at = wrong.length === 1 ? wrong[0]! : syntax;
  const accepted = [...new Set(signatures.map((each) => `(${each.args.map(typeText).join(", ")})`))];
  const takes = `it takes ${accepted.slice(0, 4).join(" or ")}${accepted.length > 4 ? " and others" : ""}`;
  const fix = conversionFix(ctx, syntax, args) ?? takes;
  return failed(ctx, syntax, at, `${operatorText(syntax.name)} does not take (${given.join(", ")})`, fix);
}

function opened(ctx: Context, type: CelType): CelType {
  return type.kind === "param" ? ctx.inference.variable() : mapParts(type, (part) => opened(ctx, part));
}

/** Reports a pattern that is none: at run time each use of it would fail. */
function checkPattern(ctx: Context, pattern: Checked): void {
  if (pattern.kind !== "literal" || pattern.literal.type !== "string") return;
  try {
    RE2JS.compile(pattern.literal.value);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^error parsing regexp: /, "") : "";
    ctx.report(
      pattern,
      `not a pattern of RE2: ${why}`,
      "correct the pattern; a character with a meaning of its own takes two backslashes before it",
    );
  }
}
