import type { Message } from "../source/model.js";
import type { Checked } from "./checked.js";
import { type Context, candidates, dottedName, failed, findLocal, type Scope } from "./context.js";
import type { Meaning } from "./environment.js";
import { fieldType } from "./field-type.js";
import { isOpen } from "./inference.js";
import { literalNode } from "./literal-node.js";
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
  const known = [...localNames(scope), ...ctx.env.names()];
  const fix = ctx.env.suggest(name, known, "use a name that is in scope here");
  return failed(ctx, syntax, syntax, `nothing here is called "${name}"`, fix);
}

function localNames(scope: Scope | undefined): string[] {
  return scope === undefined ? [] : [scope.local.name, ...localNames(scope.outer)];
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
  const fix = ctx.env.suggest(name, message.byName.keys(), "use a field that it has");
  return failed(ctx, span, at, `${message.typeName} has no field "${name}"`, fix);
}
