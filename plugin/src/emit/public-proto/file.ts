import type { DescFile, Registry } from "@bufbuild/protobuf";
import { Edition, FileOptionsSchema } from "@bufbuild/protobuf/wkt";
import { enumItem } from "./enum.js";
import { extensionItems } from "./extend.js";
import { isGroup } from "./field.js";
import { quoteText } from "./literal.js";
import { messageItem } from "./message.js";
import { optionsOf, writeOptions } from "./options.js";
import { serviceItem } from "./service.js";
import { type Kept, type ProtoItem, ProtoSource, writeItems } from "./source.js";

/**
 * Prints the .proto source of a file from its descriptor, with its comments, in the order of its declarations and in the
 * format of `buf format`. What `kept` does not keep is left out, with its comments.
 */
export function printProto(file: DescFile, registry: Registry, kept: Kept): string {
  const source = new ProtoSource(file, registry, kept);
  const { proto } = file;
  const { text, places } = source;
  text.statement([syntaxText(file)], places.comments([12]), false);
  if (proto.package !== "") text.statement([`package ${proto.package};`], places.comments([2]), true);
  writeImports(source);
  writeOptions(source, optionsOf(source, FileOptionsSchema, proto.options, [8], proto.package), true);
  const groups = new Set(proto.extension.filter(isGroup).map((field) => field.typeName));
  const scope = proto.package;
  const items = [
    ...proto.messageType.map((message, index) =>
      groups.has(`.${scope === "" ? "" : `${scope}.`}${message.name}`)
        ? undefined
        : messageItem(source, message, [4, index], scope),
    ),
    ...proto.enumType.map((type, index) => enumItem(source, type, [5, index], scope)),
    ...extensionItems(source, proto.extension, [7], scope, {
      siblings: proto.messageType,
      siblingsPath: [4],
    }),
    ...proto.service.map((service, index) => serviceItem(source, service, [6, index], scope)),
  ];
  writeItems(
    items.filter((item) => item !== undefined),
    { apart: true },
  );
  return text.toString();
}

function syntaxText({ proto }: DescFile): string {
  if (proto.syntax === "editions") return `edition = "${Edition[proto.edition].replace("EDITION_", "")}";`;
  return `syntax = "${proto.syntax === "" ? "proto2" : proto.syntax}";`;
}

function writeImports(source: ProtoSource): void {
  const { proto } = source.file;
  const kept = new Set([...source.imports].map((file) => file.proto.name));
  const statements = [
    ...proto.dependency.map((name, index) => ({
      name,
      path: [3, index],
      modifier: modifierOf(source, index),
    })),
    ...proto.optionDependency.map((name, index) => ({ name, path: [15, index], modifier: "option " })),
  ].filter(({ name }) => kept.has(name));
  let isFirst = true;
  const items = statements.map(({ name, path, modifier }): ProtoItem => {
    const place = source.places.at(path);
    const write = () => {
      const line = `import ${modifier}${quoteText(name)};`;
      source.text.statement([line], source.places.comments(path), isFirst);
      isFirst = false;
    };
    return { place, write };
  });
  writeItems(items, {});
}

function modifierOf({ file }: ProtoSource, index: number): string {
  if (file.proto.publicDependency.includes(index)) return "public ";
  return file.proto.weakDependency.includes(index) ? "weak " : "";
}
