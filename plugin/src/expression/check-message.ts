import type { Field } from "../source/model.js";
import { noField } from "./check-name.js";
import type { Checked } from "./checked.js";
import { type Context, candidates, failed, type Scope } from "./context.js";
import { fieldType, messageType } from "./field-type.js";
import type { Syntax } from "./syntax.js";
import { typeText } from "./types.js";

/** `Message{field: value}` */
export function checkMessage(
  ctx: Context,
  syntax: Syntax & { kind: "message" },
  scope: Scope | undefined,
): Checked {
  const { typeName, start, end } = syntax;
  const names = candidates(ctx.env, typeName);
  const message = names.map((name) => ctx.env.message?.(name)).find((found) => found !== undefined);
  if (message === undefined) {
    const at = { start, end: start + typeName.length };
    return failed(
      ctx,
      syntax,
      at,
      `no message can be made of type "${typeName}"`,
      "use the values of fields",
    );
  }
  const fields: { field: Field; value: Checked }[] = [];
  for (const entry of syntax.fields) {
    const field = message.byName.get(entry.name);
    if (field === undefined) return noField(ctx, syntax, entry, message, entry.name);
    const value = ctx.check(entry.value, scope);
    const wanted = fieldType(field, ctx.env.enums);
    if (!ctx.inference.assign(value.type, wanted)) {
      const given = typeText(ctx.inference.known(value.type));
      const fix = `give it ${typeText(wanted)}`;
      return failed(ctx, syntax, value, `"${field.name}" cannot be ${given}`, fix);
    }
    fields.push({ field, value });
  }
  return ctx.node({ kind: "message", message, fields, type: messageType(message), start, end });
}
