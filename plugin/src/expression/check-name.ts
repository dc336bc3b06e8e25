import type { Message } from "../source/model.js";
import type { Checked } from "./checked.js";
import { type Context, candidates, dottedName, failed, findLocal, type Scope } from "./context.js";
import type { Meaning } from "./environment.js";
import { fieldType } from "./field-type.js";
import { isOpen } from "./inference.js";
import { literalNode } from "./literal-node.js";
import { listText, nameFix, namesBelow } from "./name-fix.js";
import type { Span, Syntax } from "./syntax.js";
import { BOOL, type CelType, DYN, STANDARD_TYPES, STRING, typeOf, typeText } from "./types.js";

/**
 * Names and selections.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#name-resolution
 */
export function checkName(
  ctx: Context,
  syntax: Syntax & { kind: "name" },
  scope: Scope | undefined,
): Checked {
  const { name, start, end } = syntax;
  const local = findLocal(scope, name);
  if (local !== undefined)
    return ctx.node({ kind: "local", local: local.local, type: local.type, start, end });
  const found = meaningNode(ctx, name, syntax);
  if (found !== undefined) return found;
  const below = namesBelow(ctx, name);
  return below.length > 0
    ? failed(ctx, syntax, syntax, `"${name}" is no value by itself`, `write "${name}.${below[0]}"`)
    : failed(ctx, syntax, syntax, `nothing here is called "${name}"`, nameFix(ctx, name, scope));
}

/** The node of a name of the environment; undefined where there is none. */
function meaningNode(ctx: Context, name: string, span: Span): Checked | undefined {
  for (const candidate of candidates(ctx.env, name)) {
    const meaning = ctx.env.resolve(candidate);
    if (meaning !== undefined) return nodeOf(ctx, candidate, meaning, span);
  }
  const of = STANDARD_TYPES.get(name);
  return of === undefined ? undefined : nodeOf(ctx, name, { kind: "type", of }, span);
}

function nodeOf(ctx: Context, name: string, meaning: Meaning, { start, end }: Span): Checked {
  switch (meaning.kind) {
    case "variable":
      return ctx.node({
        kind: "variable",
        name,
        nullable: meaning.nullable === true,
        type: meaning.type,
        start,
        end,
      });
    case "type":
      return ctx.node({ kind: "typeValue", of: meaning.of, type: typeOf(meaning.of), start, end });
    case "constant":
      return literalNode(ctx, meaning.literal, { start, end });
  }
}

type Selection = Syntax & { kind: "select" | "has" };

/** `base.name` and `has(base.name)`. */
export function checkSelect(ctx: Context, syntax: Selection, scope: Scope | undefined): Checked {
  if (syntax.kind === "select") {
    const qualified = checkQualified(ctx, syntax, scope);
    if (qualified !== undefined) return qualified;
  }
  const missing = checkBelow(ctx, syntax, scope);
  if (missing !== undefined) return missing;
  const base = ctx.check(syntax.base, scope);
  const type = ctx.inference.shallow(base.type);
  const { name, nameSpan, start, end } = syntax;
  const isTest = syntax.kind === "has";
  if (type.kind === "message") {
    const field = type.message.byName.get(name);
    if (field === undefined) return noField(ctx, syntax, nameSpan, type.message, name);
    if (isTest) return ctx.node({ kind: "hasField", base, field, type: BOOL, start, end });
    return ctx.node({ kind: "field", base, field, type: fieldType(field, ctx.env.enums), start, end });
  }
  const selected = selectedType(ctx, type);
  if (selected === undefined) {
    const fix = "select from a message or a map";
    return failed(ctx, syntax, nameSpan, `${typeText(ctx.inference.known(type))} has no fields`, fix);
  }
  if (isTest) return ctx.node({ kind: "hasName", base, name, type: BOOL, start, end });
  return ctx.node({ kind: "select", base, name, type: selected, start, end });
}

/** "auth.claim": of a name that is none by itself, what follows it is wrong. */
function checkBelow(ctx: Context, syntax: Selection, scope: Scope | undefined): Checked | undefined {
  const { base, name, nameSpan } = syntax;
  if (base.kind !== "name" || findLocal(scope, base.name) !== undefined) return undefined;
  const below = namesBelow(ctx, base.name);
  if (below.length === 0 || meaningNode(ctx, base.name, base) !== undefined) return undefined;
  const isKnown = below.includes(name);
  const problem = isKnown ? `"${base.name}.${name}" is always there` : `"${base.name}" has no "${name}"`;
  const fix = isKnown
    ? "compare it with something"
    : ctx.env.suggest(name, below, `it has ${listText(below)}`);
  return failed(ctx, syntax, isKnown ? syntax : nameSpan, problem, fix);
}

/** What selecting gives of a map, or of what is known only at run time. */
function selectedType(ctx: Context, type: CelType): CelType | undefined {
  if (isOpen(type) || type.kind === "variable") return DYN;
  return type.kind === "map" && ctx.inference.assign(STRING, type.key) ? type.value : undefined;
}

/** A name with dots that the environment knows as a whole. */
function checkQualified(ctx: Context, syntax: Selection, scope: Scope | undefined): Checked | undefined {
  const name = dottedName(syntax);
  if (name === undefined || findLocal(scope, name.split(".")[0]!) !== undefined) return undefined;
  return meaningNode(ctx, name, syntax);
}

/** A field that a message does not have. */
export function noField(ctx: Context, span: Span, at: Span, message: Message, name: string): Checked {
  const names = ctx.env.fieldNames?.(message) ?? [...message.byName.keys()];
  const fix = ctx.env.suggest(name, names, `its fields: ${listText(names)}`);
  return failed(ctx, span, at, `${message.typeName} has no field "${name}"`, fix);
}
