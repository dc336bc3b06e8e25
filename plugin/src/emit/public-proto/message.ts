import {
  type DescriptorProto,
  type DescriptorProto_ExtensionRange,
  ExtensionRangeOptionsSchema,
  MessageOptionsSchema,
  OneofOptionsSchema,
  SymbolVisibility,
} from "@bufbuild/protobuf/wkt";
import { enumItem } from "./enum.js";
import { extensionItems } from "./extend.js";
import { isGroup, isInOneof, join, writeField } from "./field.js";
import { optionsOf, withOptions, writeOptions } from "./options.js";
import { reservedItems } from "./reserved.js";
import { type ProtoItem, type ProtoSource, rangeText, writeItems } from "./source.js";
import { NO_COMMENTS } from "./text.js";

/** A message; undefined where it is left out, or is written with a field: a group, or the entry of a map. */
export function messageItem(
  source: ProtoSource,
  message: DescriptorProto,
  path: readonly number[],
  scope: string,
): ProtoItem | undefined {
  const name = join(scope, message.name);
  if (message.options?.mapEntry === true || !source.keeps(name)) return undefined;
  return {
    place: source.places.at(path),
    write(gap) {
      const head = `${visibilityText(message.visibility)}message ${message.name}`;
      source.text.block([head], source.places.comments(path), gap, () =>
        writeMessageBody(source, message, path, name),
      );
    },
  };
}

export function visibilityText(visibility: SymbolVisibility): string {
  if (visibility === SymbolVisibility.VISIBILITY_EXPORT) return "export ";
  return visibility === SymbolVisibility.VISIBILITY_LOCAL ? "local " : "";
}

/** Writes what stands between the braces of a message; `name` is its full name. */
export function writeMessageBody(
  source: ProtoSource,
  message: DescriptorProto,
  path: readonly number[],
  name: string,
): void {
  const options = optionsOf(source, MessageOptionsSchema, message.options, [...path, 7], name);
  writeOptions(source, options);
  const groups = new Set([...message.field, ...message.extension].filter(isGroup).map((f) => f.typeName));
  const nested = message.nestedType.map((type, index) =>
    groups.has(`.${join(name, type.name)}`)
      ? undefined
      : messageItem(source, type, [...path, 3, index], name),
  );
  const enums = message.enumType.map((type, index) => enumItem(source, type, [...path, 4, index], name));
  const reserved = message.reservedRange.map(({ start, end }) => {
    return { first: start, last: end - 1, toMax: end === FIELD_END };
  });
  const items = [
    ...nested,
    ...enums,
    ...fieldItems(source, message, path, name),
    ...extensionItems(source, message.extension, [...path, 6], name, {
      siblings: message.nestedType,
      siblingsPath: [...path, 3],
    }),
    ...rangeItems(source, message.extensionRange, [...path, 5], name),
    ...reservedItems(source, reserved, [...path, 9], message.reservedName, [...path, 10]),
  ];
  const after = options.at(-1)?.place;
  writeItems(
    items.filter((item) => item !== undefined),
    { after },
  );
}

/** Fields; those of a oneof stand in it, where its first is. */
function fieldItems(
  source: ProtoSource,
  message: DescriptorProto,
  path: readonly number[],
  scope: string,
): ProtoItem[] {
  const items: ProtoItem[] = [];
  const seen = new Set<number>();
  message.field.forEach((field, index) => {
    if (!isInOneof(field)) items.push(fieldItem(source, message, index, path, scope));
    else if (!seen.has(field.oneofIndex)) {
      seen.add(field.oneofIndex);
      items.push(oneofItem(source, message, field.oneofIndex, path, scope));
    }
  });
  return items;
}

function fieldItem(
  source: ProtoSource,
  message: DescriptorProto,
  index: number,
  path: readonly number[],
  scope: string,
): ProtoItem {
  const at = {
    field: message.field[index]!,
    path: [...path, 2, index],
    scope,
    siblings: message.nestedType,
    siblingsPath: [...path, 3],
  };
  return { place: source.places.at(at.path), write: (gap) => writeField(source, at, gap) };
}

function oneofItem(
  source: ProtoSource,
  message: DescriptorProto,
  oneofIndex: number,
  path: readonly number[],
  scope: string,
): ProtoItem {
  const oneof = message.oneofDecl[oneofIndex]!;
  const oneofPath = [...path, 8, oneofIndex];
  const place = source.places.at(oneofPath);
  return {
    place,
    write(gap) {
      source.text.block([`oneof ${oneof.name}`], place?.comments ?? NO_COMMENTS, gap, () => {
        const options = optionsOf(source, OneofOptionsSchema, oneof.options, [...oneofPath, 2], scope);
        writeOptions(source, options);
        const members = message.field.flatMap((field, index) =>
          isInOneof(field) && field.oneofIndex === oneofIndex
            ? [fieldItem(source, message, index, path, scope)]
            : [],
        );
        writeItems(members, { after: options.at(-1)?.place });
      });
    },
  };
}

/** One more than the highest number of a field. */
const FIELD_END = 536870912;

/** `extensions 100 to 199;` */
function rangeItems(
  source: ProtoSource,
  ranges: readonly DescriptorProto_ExtensionRange[],
  path: readonly number[],
  scope: string,
): ProtoItem[] {
  // Those of one statement have its options.
  const statements = source.places.statements(path, ranges.length, () => false);
  return statements.map(({ place, indexes }) => ({
    place,
    write(gap) {
      const first = indexes[0]!;
      const options = optionsOf(
        source,
        ExtensionRangeOptionsSchema,
        ranges[first]!.options,
        [...path, first, 3],
        scope,
      );
      const texts = indexes.map((index) => {
        const { start, end } = ranges[index]!;
        // A message set has numbers beyond those of fields.
        return rangeText(start, end - 1, end >= FIELD_END);
      });
      const lines = withOptions(`extensions ${texts.join(", ")}`, options, ";");
      source.text.statement(lines, place?.comments ?? NO_COMMENTS, gap);
    },
  }));
}
