import type { DescriptorProto, FieldDescriptorProto } from "@bufbuild/protobuf/wkt";
import { join, writeField } from "./field.js";
import { type ProtoItem, type ProtoSource, writeItems } from "./source.js";
import { NO_COMMENTS } from "./text.js";

/** `extend Message { … }`: one for each block of the file, else for each run of extensions of one message. */
export function extensionItems(
  source: ProtoSource,
  extensions: readonly FieldDescriptorProto[],
  path: readonly number[],
  scope: string,
  around: { siblings: readonly DescriptorProto[]; siblingsPath: readonly number[] },
): ProtoItem[] {
  const blocks = source.places.statements(
    path,
    extensions.length,
    (index) => extensions[index - 1]!.extendee === extensions[index]!.extendee,
  );
  return blocks.flatMap(({ place, indexes }) => {
    const kept = indexes.filter((index) => source.keeps(join(scope, extensions[index]!.name)));
    if (kept.length === 0) return [];
    const extendee = extensions[kept[0]!]!.extendee.replace(/^\./, "");
    const write = (gap: boolean) => {
      const head = `extend ${source.names.type(extendee, scope)}`;
      source.text.block([head], place?.comments ?? NO_COMMENTS, gap, () => {
        const fields = kept.map((index): ProtoItem => {
          const at = { field: extensions[index]!, path: [...path, index], scope, ...around };
          return { place: source.places.at(at.path), write: (inner) => writeField(source, at, inner) };
        });
        writeItems(fields, {});
      });
    };
    return [{ place, write }];
  });
}
