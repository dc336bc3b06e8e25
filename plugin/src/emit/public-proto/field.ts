import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { quoteText } from "./literal.js";
import { writeMessageBody } from "./message.js";
import { optionsOf, type ProtoOption, withOptions } from "./options.js";
import type { ProtoSource } from "./source.js";
import { NO_COMMENTS } from "./text.js";

const { GROUP, MESSAGE, ENUM, STRING, BYTES } = FieldDescriptorProto_Type;

/** A field, and what of the message around it it needs. */
export interface FieldPlace {
  readonly field: FieldDescriptorProto;
  readonly path: readonly number[];
  /** The full name of the message around it, or the package. */
  readonly scope: string;
  /** The messages that are declared beside it: groups, and the entries of maps. */
  readonly siblings: readonly DescriptorProto[];
  readonly siblingsPath: readonly number[];
}

/** Writes a field, an extension, or a member of a oneof. */
export function writeField(source: ProtoSource, at: FieldPlace, gap: boolean): void {
  const { field, path, scope } = at;
  const options = fieldOptions(source, at);
  const comments = source.places.comments(path);
  const number = ` = ${field.number}`;
  if (!isGroup(field)) {
    source.text.statement(
      withOptions(`${typeOf(source, at)} ${field.name}${number}`, options, ";"),
      comments,
      gap,
    );
    return;
  }
  const index = at.siblings.findIndex((sibling) => `.${join(scope, sibling.name)}` === field.typeName);
  const group = at.siblings[index]!;
  const groupPath = [...at.siblingsPath, index];
  const head = withOptions(`${labelOf(source, field)}group ${group.name}${number}`, options, "");
  const own = source.places.comments(groupPath);
  // Compilers attach the comments to the field, to its message, or to both.
  source.text.block(head, comments === NO_COMMENTS ? own : comments, gap, () =>
    writeMessageBody(source, group, groupPath, join(scope, group.name)),
  );
}

export function isGroup(field: FieldDescriptorProto): boolean {
  return field.type === GROUP;
}

function typeOf(source: ProtoSource, { field, scope, siblings }: FieldPlace): string {
  const entry = siblings.find(
    (sibling) => sibling.options?.mapEntry === true && `.${join(scope, sibling.name)}` === field.typeName,
  );
  if (entry !== undefined) {
    const [key, value] = ["key", "value"].map((name) => {
      return typeName(source, entry.field.find((f) => f.name === name)!, scope);
    });
    return `map<${key}, ${value}>`;
  }
  return `${labelOf(source, field)}${typeName(source, field, scope)}`;
}

function typeName(source: ProtoSource, field: FieldDescriptorProto, scope: string): string {
  if (field.type === MESSAGE || field.type === ENUM || field.type === GROUP) {
    return source.names.type(field.typeName.replace(/^\./, ""), scope);
  }
  return FieldDescriptorProto_Type[field.type].toLowerCase();
}

function labelOf({ file }: ProtoSource, field: FieldDescriptorProto): string {
  if (field.label === FieldDescriptorProto_Label.REPEATED) return "repeated ";
  if (file.proto.syntax === "proto3") return field.proto3Optional ? "optional " : "";
  if (file.proto.syntax === "editions" || isInOneof(field)) return "";
  return field.label === FieldDescriptorProto_Label.REQUIRED ? "required " : "optional ";
}

/** In a oneof that is written as such; the one of a proto3 `optional` is not. */
export function isInOneof(field: FieldDescriptorProto): boolean {
  return Object.hasOwn(field, "oneofIndex") && !field.proto3Optional;
}

function fieldOptions(source: ProtoSource, { field, path, scope }: FieldPlace): ProtoOption[] {
  const options: ProtoOption[] = [];
  const place = (number: number) => source.places.at([...path, number]);
  if (Object.hasOwn(field, "defaultValue")) {
    options.push({ name: "default", value: defaultText(field), place: place(7) });
  }
  if (field.extendee === "" && field.jsonName !== "" && field.jsonName !== jsonNameOf(field.name)) {
    options.push({ name: "json_name", value: quoteText(field.jsonName), place: place(10) });
  }
  return [...options, ...optionsOf(source, FieldOptionsSchema, field.options, [...path, 8], scope)];
}

/** Descriptors have the default of bytes escaped already. */
function defaultText({ type, defaultValue }: FieldDescriptorProto): string {
  if (type === STRING) return quoteText(defaultValue);
  return type === BYTES ? `"${defaultValue}"` : defaultValue;
}

/** The name in JSON that a compiler gives. */
function jsonNameOf(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}

export function join(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}
