import type { Checked } from "./checked.js";
import type { Context } from "./context.js";
import type { Literal, Span } from "./syntax.js";
import { BOOL, BYTES, type CelType, DOUBLE, INT, NULL, STRING, UINT } from "./types.js";

const TYPES: Readonly<Record<Literal["type"], CelType>> = {
  int: INT,
  uint: UINT,
  double: DOUBLE,
  bool: BOOL,
  string: STRING,
  bytes: BYTES,
  null: NULL,
};

/** A literal's node. */
export function literalNode(ctx: Context, literal: Literal, { start, end }: Span): Checked {
  return ctx.node({ kind: "literal", literal, type: TYPES[literal.type], start, end });
}
