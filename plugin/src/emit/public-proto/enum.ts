import { type EnumDescriptorProto, EnumOptionsSchema, EnumValueOptionsSchema } from "@bufbuild/protobuf/wkt";
import { join } from "./field.js";
import { visibilityText } from "./message.js";
import { optionsOf, withOptions, writeOptions } from "./options.js";
import { reservedItems } from "./reserved.js";
import { type ProtoItem, type ProtoSource, writeItems } from "./source.js";

const ENUM_MAX = 2147483647;

/** An enum; undefined where it is left out. */
export function enumItem(
  source: ProtoSource,
  type: EnumDescriptorProto,
  path: readonly number[],
  scope: string,
): ProtoItem | undefined {
  const name = join(scope, type.name);
  if (!source.keeps(name)) return undefined;
  return {
    place: source.places.at(path),
    write(gap) {
      const head = `${visibilityText(type.visibility)}enum ${type.name}`;
      source.text.block([head], source.places.comments(path), gap, () => writeBody(source, type, path, name));
    },
  };
}

function writeBody(
  source: ProtoSource,
  type: EnumDescriptorProto,
  path: readonly number[],
  scope: string,
): void {
  const options = optionsOf(source, EnumOptionsSchema, type.options, [...path, 3], scope);
  writeOptions(source, options);
  const values = type.value.map((value, index): ProtoItem => {
    const valuePath = [...path, 2, index];
    return {
      place: source.places.at(valuePath),
      write(gap) {
        const own = optionsOf(source, EnumValueOptionsSchema, value.options, [...valuePath, 3], scope);
        const lines = withOptions(`${value.name} = ${value.number}`, own, ";");
        source.text.statement(lines, source.places.comments(valuePath), gap);
      },
    };
  });
  const reserved = type.reservedRange.map(({ start, end }) => {
    return { first: start, last: end, toMax: end === ENUM_MAX };
  });
  const items = [
    ...values,
    ...reservedItems(source, reserved, [...path, 4], type.reservedName, [...path, 5]),
  ];
  writeItems(items, { after: options.at(-1)?.place });
}
