import type { AnyDesc, DescExtension, DescFile, FileRegistry } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import {
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  ExtensionRangeOptionsSchema,
  FieldOptionsSchema,
  FileOptionsSchema,
  MessageOptionsSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { type OptionValue, type OptionValues, optionValues } from "./option-values.js";

/**
 * The files whose extensions the options of a file name, options in their values included. `omitted` are the full names of
 * what is not looked at.
 */
export function optionUses(
  file: DescFile,
  registry: FileRegistry,
  omitted: ReadonlySet<string>,
  keeps: (extension: DescExtension) => boolean,
): Set<DescFile> {
  const used = new Set<DescFile>();
  const addFields = (fields: OptionValues, isTop: boolean): void => {
    for (const { field, items } of fields.values()) {
      if (field.kind === "extension") {
        if (isTop && !keeps(field)) continue;
        used.add(field.file);
      }
      items.forEach(addValue);
    }
  };
  const addValue = (value: OptionValue): void => {
    if (value.kind === "message") addFields(value.fields, false);
    else if (value.kind === "entry" && value.value !== undefined) addValue(value.value);
  };
  const add = (values: OptionValues) => addFields(values, true);
  for (const element of elementsOf(file, omitted)) optionsOf(element, registry).forEach(add);
  return used;
}

function optionsOf(element: AnyDesc, registry: FileRegistry): OptionValues[] {
  switch (element.kind) {
    case "file":
      return [optionValues(FileOptionsSchema, element.proto.options, registry)];
    case "message":
      return [
        optionValues(MessageOptionsSchema, element.proto.options, registry),
        ...element.proto.extensionRange.map(({ options }) =>
          optionValues(ExtensionRangeOptionsSchema, options, registry),
        ),
      ];
    case "field":
    case "extension":
      return [optionValues(FieldOptionsSchema, element.proto.options, registry)];
    case "oneof":
      return [optionValues(OneofOptionsSchema, element.proto.options, registry)];
    case "enum":
      return [optionValues(EnumOptionsSchema, element.proto.options, registry)];
    case "enum_value":
      return [optionValues(EnumValueOptionsSchema, element.proto.options, registry)];
    case "service":
      return [optionValues(ServiceOptionsSchema, element.proto.options, registry)];
    case "rpc":
      return [optionValues(MethodOptionsSchema, element.proto.options, registry)];
  }
}

/** The file and all that it declares and is not omitted. */
function elementsOf(file: DescFile, omitted: ReadonlySet<string>): AnyDesc[] {
  const elements: AnyDesc[] = [file];
  for (const type of nestedTypes(file)) {
    if (omitted.has(type.typeName)) continue;
    elements.push(type);
    if (type.kind === "message") elements.push(...type.fields, ...type.oneofs);
    else if (type.kind === "enum") elements.push(...type.values);
    else if (type.kind === "service") elements.push(...type.methods);
  }
  return elements;
}
