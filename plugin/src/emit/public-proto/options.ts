import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type OptionField, type OptionValue, optionValues } from "../../source/option-values.js";
import { type Literal, literalLines } from "./literal.js";
import { comparePlaces, type ProtoPlace } from "./places.js";
import type { ProtoSource } from "./source.js";
import { type Comments, commentLines, NO_COMMENTS } from "./text.js";
import { literalOf } from "./value.js";

/** One option of an element: what stands before and behind the equals sign. */
export interface ProtoOption {
  readonly name: string;
  readonly value: Literal;
  readonly place: ProtoPlace | undefined;
}

/**
 * The options of an element that are kept, in the order of the file. `path` is that of the options in the file's
 * descriptor.
 */
export function optionsOf(
  source: ProtoSource,
  schema: DescMessage,
  options: Message | undefined,
  path: readonly number[],
  scope: string,
): ProtoOption[] {
  const found: ProtoOption[] = [];
  for (const { field, items } of optionValues(schema, options, source.registry).values()) {
    if (field.kind === "extension" && !source.keepsOption(field)) continue;
    addOption(source, found, field, items, "", [...path, field.number], scope);
  }
  return found
    .map((option, index) => ({ option, index }))
    .sort((a, b) => {
      const [x, y] = [a.option.place, b.option.place];
      return (x && y && comparePlaces(x, y)) || a.index - b.index;
    })
    .map(({ option }) => option);
}

/** Messages of the compiler's own options, such as features, are written field by field; others in braces. */
function addOption(
  source: ProtoSource,
  found: ProtoOption[],
  field: OptionField,
  items: readonly OptionValue[],
  prefix: string,
  path: readonly number[],
  scope: string,
): void {
  const own = field.kind === "extension" ? `(${source.names.option(field.typeName, scope)})` : field.name;
  const name = `${prefix}${own}`;
  items.forEach((item, index) => {
    const isDotted = field.fieldKind === "message" && (prefix !== "" || field.kind !== "extension");
    if (isDotted && item.kind === "message" && item.fields.size > 0) {
      for (const inner of item.fields.values())
        addOption(source, found, inner.field, inner.items, `${name}.`, [...path, inner.field.number], scope);
      return;
    }
    const at = source.places.option([...path, index]) ?? source.places.option(path);
    found.push({ name, value: literalOf(item), place: at });
  });
}

/** Options as statements: `option name = value;`. */
export function writeOptions(source: ProtoSource, options: readonly ProtoOption[], gap = false): void {
  options.forEach(({ name, value, place }, index) => {
    const [first, ...rest] = literalLines(value);
    const lines = [`option ${name} = ${first}`, ...rest];
    lines.push(`${lines.pop()};`);
    source.text.statement(lines, place?.comments ?? NO_COMMENTS, gap && index === 0);
  });
}

/** `head [a = 1];`, with each option on a line of its own where there are several. */
export function withOptions(head: string, options: readonly ProtoOption[], end: string): string[] {
  const [only] = options;
  if (only === undefined) return [`${head}${end}`];
  const bodies = options.map(({ name, value }) => {
    const [first, ...rest] = literalLines(value);
    return [`${name} = ${first}`, ...rest];
  });
  const isCommented = options.some(({ place }) => place !== undefined && isShown(place.comments));
  if (options.length === 1 && !isCommented) {
    const [first, ...rest] = bodies[0]!;
    const lines = [`${head} [${first}`, ...rest];
    lines.push(`${lines.pop()}]${end}`);
    return lines;
  }
  const lines = [`${head} [`];
  bodies.forEach((body, index) => {
    const { detached, leading, trailing } = options[index]!.place?.comments ?? NO_COMMENTS;
    for (const comment of [...detached, leading])
      for (const line of commentLines(comment)) lines.push(`  ${line}`);
    for (const line of body) lines.push(`  ${line}`);
    if (index < bodies.length - 1) lines.push(`${lines.pop()},`);
    for (const line of commentLines(trailing)) lines.push(`  ${line}`);
  });
  lines.push(`]${end}`);
  return lines;
}

function isShown({ detached, leading, trailing }: Comments): boolean {
  return [...detached, leading, trailing].some((text) => commentLines(text).length > 0);
}
