import { PORTICO, STRINGS } from "./extension-signatures.js";
import { FALLBACKS as OF_OPERATORS, OPERATORS } from "./operator-signatures.js";
import type { Signature } from "./signature.js";
import { STANDARD } from "./standard-signatures.js";

/** The one table of all operators, functions and methods. */
export const SIGNATURES: readonly Signature[] = [...OPERATORS, ...STANDARD, ...STRINGS, ...PORTICO];

/** The helper that does what all signatures of a name do, for arguments whose types are known only at run time. */
export const FALLBACKS: ReadonlyMap<string, string> = new Map([...OF_OPERATORS, ["sum", "sumInt"]]);

const byName = new Map<string, Signature[]>();
for (const signature of SIGNATURES) {
  const key = keyOf(signature.name, signature.method);
  const all = byName.get(key);
  if (all === undefined) byName.set(key, [signature]);
  else all.push(signature);
}

/** The signatures of a function, or of a method. */
export function signaturesOf(name: string, method: boolean): readonly Signature[] {
  return byName.get(keyOf(name, method)) ?? [];
}

/** The names of all functions, or of all methods; operators have none. */
export function functionNames(method: boolean): string[] {
  const names = SIGNATURES.filter((signature) => signature.method === method).map(({ name }) => name);
  return [...new Set(names)].filter((name) => /^[a-z]/i.test(name));
}

function keyOf(name: string, method: boolean): string {
  return method ? `.${name}` : name;
}
