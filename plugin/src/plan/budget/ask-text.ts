import type { LookupPlan } from "../types.js";

const texts = new WeakMap<LookupPlan, string>();
let unlike = 0;

/** A text that is equal for lookups that ask the same method in the same way, with the same arguments. */
export function askText(lookup: LookupPlan): string {
  let text = texts.get(lookup);
  if (text === undefined) {
    text = textOf(lookup);
    texts.set(lookup, text);
  }
  return text;
}

function textOf(lookup: LookupPlan): string {
  try {
    return JSON.stringify(lookup, (_, value: unknown) => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      // Fields, messages, enums and calls are known by their names.
      if ("cardinality" in value && "parent" in value)
        return `${(value.parent as { typeName: string }).typeName}.${(value as { name?: string }).name}`;
      if ("typeName" in value) return value.typeName;
      if ("unnamed" in value && "name" in value) return `call ${value.name}`;
      return value;
    });
  } catch {
    // A `set` with messages that contain themselves is not compared: said to be unlike, which counts a call too many.
    return `unlike ${++unlike}`;
  }
}
