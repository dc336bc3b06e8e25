import type { Scalar } from "../../source/model.js";

// Types that hold the same values in other encodings, and the wider types that hold them too.
const SIGNED_32: readonly Scalar[] = ["int32", "sint32", "sfixed32"];
const SIGNED_64: readonly Scalar[] = ["int64", "sint64", "sfixed64"];
const UNSIGNED_32: readonly Scalar[] = ["uint32", "fixed32"];
const UNSIGNED_64: readonly Scalar[] = ["uint64", "fixed64"];
const FITTING: ReadonlyArray<readonly [from: readonly Scalar[], to: readonly Scalar[]]> = [
  [SIGNED_32, [...SIGNED_32, ...SIGNED_64]],
  [SIGNED_64, SIGNED_64],
  [UNSIGNED_32, [...UNSIGNED_32, ...UNSIGNED_64]],
  [UNSIGNED_64, UNSIGNED_64],
  [["float"], ["float", "double"]],
];

/** Whether every value of `from` is one of `to`, of the same kind. */
export function fits(from: Scalar, to: Scalar): boolean {
  return from === to || FITTING.some(([a, b]) => a.includes(from) && b.includes(to));
}
