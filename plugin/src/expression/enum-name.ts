import type { DescEnum } from "@bufbuild/protobuf";
import type { Checked } from "./checked.js";
import type { Context } from "./context.js";
import { literalNode } from "./literal-node.js";

/**
 * What an enum is compared with. A text must be the name of one of its values, since else the comparison is always
 * false; the enum's own prefix may be left out, and is put in. Of a list, each element.
 */
export function withEnumNames(ctx: Context, value: Checked, other: Checked): Checked {
  const type = ctx.inference.shallow(value.type);
  if (type.kind !== "enum") return other;
  if (other.kind === "list") {
    const elements = other.elements.map((element) => withEnumNames(ctx, value, element));
    return ctx.node({ ...other, elements });
  }
  if (other.kind !== "literal" || other.literal.type !== "string") return other;
  const text = other.literal.value;
  const names = type.enum.values.map((each) => each.name);
  if (names.includes(text)) return other;
  const full = names.find((name) => name.slice(prefixLength(type.enum)) === text);
  if (full !== undefined) return literalNode(ctx, { type: "string", value: full }, other);
  const short = names.map((name) => name.slice(prefixLength(type.enum)));
  const fix = ctx.env.suggest(
    text,
    [...names, ...short],
    `use ${names.slice(0, 3).join(", ")} or another of its values`,
  );
  ctx.report(other, `${type.enum.typeName} has no value "${text}"`, fix);
  return other;
}

function prefixLength(desc: DescEnum): number {
  return desc.sharedPrefix?.length ?? 0;
}
