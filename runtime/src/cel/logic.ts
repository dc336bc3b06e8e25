import { CelError } from "./error.js";

/**
 * `a && b` where both can fail: false if either is false, whatever the other one does. Where only one can fail, the
 * compiler needs no helper.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators
 */
export function and(a: () => boolean, b: () => boolean): boolean {
  return absorb(a, b, false);
}

/** `a || b` where both can fail: true if either is true, whatever the other one does. */
export function or(a: () => boolean, b: () => boolean): boolean {
  return absorb(a, b, true);
}

function absorb(a: () => boolean, b: () => boolean, decisive: boolean): boolean {
  let first: boolean;
  try {
    first = a();
  } catch (error) {
    if (error instanceof CelError && b() === decisive) return decisive;
    throw error;
  }
  return first === decisive ? decisive : b();
}
