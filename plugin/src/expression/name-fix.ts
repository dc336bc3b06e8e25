import type { Context, Scope } from "./context.js";
import { signaturesOf } from "./signatures.js";

/** How to mend a name that is not in scope. */
export function nameFix(ctx: Context, name: string, scope: Scope | undefined): string {
  const known = [...localNames(scope), ...ctx.env.names()];
  const absent = ctx.env.absent?.(name);
  if (absent !== undefined) return absent;
  const isFunction = signaturesOf(name, false).length > 0;
  return ctx.env.suggest(
    name,
    known,
    isFunction ? `write ${name}(x): it is a function` : `names here: ${listText(known)}`,
  );
}

/** What is known below a name that is none by itself, as "subject" and "claims" are below "auth". */
export function namesBelow(ctx: Context, name: string): string[] {
  return [...ctx.env.names()]
    .filter((known) => known.startsWith(`${name}.`))
    .map((known) => known.slice(name.length + 1));
}

/** Some of the names, in quotes. */
export function listText(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const all = [...new Set(names)];
  const shown = all.slice(0, 8).map((name) => `"${name}"`);
  return [...shown, ...(all.length > 8 ? ["…"] : [])].join(", ");
}

function localNames(scope: Scope | undefined): string[] {
  return scope === undefined ? [] : [scope.local.name, ...localNames(scope.outer)];
}
