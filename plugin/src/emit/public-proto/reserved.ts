import { quoteText } from "./literal.js";
import { type ProtoItem, type ProtoSource, rangeText } from "./source.js";
import { NO_COMMENTS } from "./text.js";

/** The reserved numbers and names of a message or an enum. */
export function reservedItems(
  source: ProtoSource,
  ranges: readonly ReservedRange[],
  rangePath: readonly number[],
  names: readonly string[],
  namePath: readonly number[],
): ProtoItem[] {
  const isEdition = source.file.proto.syntax === "editions";
  return [
    ...lists(
      source,
      rangePath,
      ranges.map(({ first, last, toMax }) => rangeText(first, last, toMax)),
    ),
    ...lists(
      source,
      namePath,
      names.map((name) => (isEdition ? name : quoteText(name))),
    ),
  ];
}

/** Numbers from `first` to `last`, which is inclusive. */
export interface ReservedRange {
  readonly first: number;
  readonly last: number;
  readonly toMax: boolean;
}

function lists(source: ProtoSource, path: readonly number[], texts: readonly string[]): ProtoItem[] {
  const statements = source.places.statements(path, texts.length, (index) =>
    source.places.isOnLineOf(path, index),
  );
  return statements.map(({ place, indexes }) => ({
    place,
    write(gap) {
      const text = indexes.map((index) => texts[index]).join(", ");
      source.text.statement([`reserved ${text};`], place?.comments ?? NO_COMMENTS, gap);
    },
  }));
}
