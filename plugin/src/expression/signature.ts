import type { CelType } from "./types.js";

/** One meaning of an operator, function or method: what it takes, what it gives, and how it is compiled. */
export interface Signature {
  /** "_+_", "size", "strings.quote" */
  readonly name: string;
  /** A method: its receiver is the first argument. */
  readonly method: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly code: Emission;
  /** Whether it has no value for some arguments of these types. */
  readonly fails: boolean;
  /** Checks the types of its arguments itself, but for lists and maps. */
  readonly checks: boolean;
}

/** How a call is written in TypeScript. */
export type Emission =
  /** `name(a, b)`, a function of the runtime */
  | { readonly kind: "helper"; readonly name: string }
  /** `a operator b` */
  | { readonly kind: "binary"; readonly operator: string }
  /** `operator a` */
  | { readonly kind: "prefix"; readonly operator: string }
  /** `helper(a, b) operator 0` */
  | { readonly kind: "ordered"; readonly helper: string; readonly operator: string }
  /** `a.name(b)` */
  | { readonly kind: "member"; readonly name: string }
  /** `a` */
  | { readonly kind: "identity" };

/** A call of a function of the runtime that can fail, since most can. */
export function helper(name: string): Pick<Signature, "code" | "fails" | "checks"> {
  return { code: { kind: "helper", name }, fails: true, checks: false };
}

/** A call of a function of the runtime that has a value for all arguments of its types. */
export function total(name: string): Pick<Signature, "code" | "fails" | "checks"> {
  return { ...helper(name), fails: false };
}

/** A call of a function of the runtime that checks the types of its arguments. */
export function checking(name: string): Pick<Signature, "code" | "fails" | "checks"> {
  return { ...helper(name), checks: true };
}

/** The same, of one that only fails for arguments of other types. */
export function checkingTotal(name: string): Pick<Signature, "code" | "fails" | "checks"> {
  return { ...checking(name), fails: false };
}

/** An operator or method of JavaScript. */
export function inline(code: Emission): Pick<Signature, "code" | "fails" | "checks"> {
  return { code, fails: false, checks: false };
}

type Compiled = Pick<Signature, "code" | "fails" | "checks">;

/** A function or operator. */
export function fn(name: string, args: readonly CelType[], result: CelType, compiled: Compiled): Signature {
  return { name, method: false, args, result, ...compiled };
}

/** A method; its receiver is the first of the arguments. */
export function method(
  name: string,
  args: readonly CelType[],
  result: CelType,
  compiled: Compiled,
): Signature {
  return { name, method: true, args, result, ...compiled };
}
