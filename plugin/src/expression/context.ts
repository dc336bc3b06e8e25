import type { Checked, Local } from "./checked.js";
import type { Environment } from "./environment.js";
import type { Inference } from "./inference.js";
import type { Span, Syntax } from "./syntax.js";
import type { CelType } from "./types.js";

/** The variables of the macros around a part of an expression, the innermost first. */
export interface Scope {
  readonly local: Local;
  readonly type: CelType;
  readonly outer: Scope | undefined;
}

/** What the parts of the checker share while one expression is checked. */
export interface Context {
  readonly env: Environment;
  readonly inference: Inference;
  /** Checks a part. */
  check(syntax: Syntax, scope: Scope | undefined): Checked;
  /** Makes a node; its types are settled at the end. */
  node(checked: Checked): Checked;
  report(span: Span, message: string, fix: string): void;
}

/** Reports a problem, and gives the node that stands in its place. */
export function failed(ctx: Context, span: Span, at: Span, message: string, fix: string): Checked {
  ctx.report(at, message, fix);
  return ctx.node({
    kind: "fail",
    message,
    type: { kind: "error" },
    start: span.start,
    end: span.end,
  });
}

/** The variable of a macro that a name stands for. */
export function findLocal(scope: Scope | undefined, name: string): Scope | undefined {
  for (let found = scope; found !== undefined; found = found.outer)
    if (found.local.name === name) return found;
  return undefined;
}

/** A name as looked up in the container: the longest package first, the name alone last. */
export function candidates(env: Environment, name: string): string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  const parts = env.container === undefined || env.container === "" ? [] : env.container.split(".");
  return [...parts.map((_, i) => `${parts.slice(0, parts.length - i).join(".")}.${name}`), name];
}

/** "a.b.c" of a name and selections from it; undefined of anything else. */
export function dottedName(syntax: Syntax): string | undefined {
  if (syntax.kind === "name") return syntax.name;
  if (syntax.kind !== "select") return undefined;
  const base = dottedName(syntax.base);
  return base === undefined ? undefined : `${base}.${syntax.name}`;
}
