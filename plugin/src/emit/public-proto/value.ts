import type { OptionField, OptionValue, OptionValues } from "../../source/option-values.js";
import { type Literal, type LiteralMessage, scalarText } from "./literal.js";

/** A value of an option as it is written. */
export function literalOf(value: OptionValue): Literal {
  switch (value.kind) {
    case "scalar":
      return scalarText(value.scalar, value.value);
    case "enum":
      return value.enum.values.find(({ number }) => number === value.number)?.name ?? String(value.number);
    case "message":
      return messageLiteral(value.fields);
    case "entry": {
      const entries: Array<{ name: string; value: Literal }> = [];
      if (value.key !== undefined) entries.push({ name: "key", value: literalOf(value.key) });
      if (value.value !== undefined) entries.push({ name: "value", value: literalOf(value.value) });
      return { entries };
    }
  }
}

/** In the order of declaration, extensions last. Lists of messages are written element by element, others in brackets. */
function messageLiteral(fields: OptionValues): LiteralMessage {
  const entries: Array<LiteralMessage["entries"][number]> = [];
  for (const { field, items } of [...fields.values()].sort((a, b) => compareOrder(a.field, b.field))) {
    const name = nameInLiteral(field);
    const literals = items.map(literalOf);
    const texts = literals.filter((literal) => typeof literal === "string");
    if (field.fieldKind === "list" && texts.length > 0) entries.push({ name, value: texts });
    else for (const value of literals) entries.push({ name, value });
  }
  return { entries };
}

function nameInLiteral(field: OptionField): string {
  return field.kind === "extension" ? `[${field.typeName}]` : field.name;
}

function compareOrder(a: OptionField, b: OptionField): number {
  if (a.kind === "extension" || b.kind === "extension") {
    return a.kind === b.kind ? a.number - b.number : a.kind === "extension" ? 1 : -1;
  }
  return a.parent.fields.indexOf(a) - b.parent.fields.indexOf(b);
}
