import type { Checked } from "./checked.js";
import type { Piece } from "./code-text.js";
import type { Compiler } from "./compile.js";
import type { CelType } from "./types.js";

/** The helpers that check what a value is. */
const CASTS: Readonly<Partial<Record<CelType["kind"], string>>> = {
  int: "asInt",
  uint: "asUint",
  double: "asDouble",
  bool: "asBool",
  string: "asString",
  bytes: "asBytes",
  timestamp: "asTimestamp",
  duration: "asDuration",
  type: "asType",
  list: "asList",
  map: "asMap",
};

/** Kinds of types whose values may be other than they are wanted: anything, or null. */
const UNSURE: readonly CelType["kind"][] = ["dyn", "error", "wrapper", "null"];

/** A value where one of type `wanted` is needed: checked, unless its type says that it is one. */
export function cast(compiler: Compiler, node: Checked, wanted: CelType): Piece {
  const piece = compiler.compile(node);
  const helper = UNSURE.includes(node.type.kind) ? CASTS[wanted.kind] : undefined;
  return helper === undefined ? piece : compiler.call(helper, [piece.text], true);
}
