import type { DescFile } from "@bufbuild/protobuf";
import type { SourceCodeInfo_Location } from "@bufbuild/protobuf/wkt";
import { type Comments, commentLines, NO_COMMENTS } from "./text.js";

/** Where something stands in its file; lines and columns from 0. */
export interface ProtoPlace {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly comments: Comments;
}

/** The places and comments of the elements of a file, by their paths in its descriptor. */
export class ProtoPlaces {
  readonly #byPath = new Map<string, ProtoPlace[]>();

  constructor(file: DescFile) {
    for (const location of file.proto.sourceCodeInfo?.location ?? []) {
      const key = location.path.join();
      const place = placeOf(location);
      const known = this.#byPath.get(key);
      if (known === undefined) this.#byPath.set(key, [place]);
      else known.push(place);
    }
  }

  at(path: readonly number[]): ProtoPlace | undefined {
    return this.#byPath.get(path.join())?.[0];
  }

  comments(path: readonly number[]): Comments {
    return this.at(path)?.comments ?? NO_COMMENTS;
  }

  /** An option may be given in parts: the first of their places, with the comments of all. */
  option(path: readonly number[]): ProtoPlace | undefined {
    const key = path.join();
    const parts = [...this.#byPath]
      .filter(([known]) => known === key || known.startsWith(`${key},`))
      .flatMap(([, places]) => places)
      .sort(comparePlaces);
    const [first] = parts;
    if (first === undefined) return undefined;
    const commented = parts.filter((place) => place.comments !== NO_COMMENTS);
    if (commented.length === 0) return first;
    const all = commented.map((place) => place.comments);
    return {
      ...first,
      comments: {
        detached: all.flatMap((comments) => comments.detached),
        leading: all.map((comments) => comments.leading).join(""),
        trailing: all.map((comments) => comments.trailing).join(""),
      },
    };
  }

  /**
   * The statements that make one list of a descriptor, `extend` blocks, `reserved` and `extensions`: each with the indexes
   * that stand in it. Compilers do not place all of them; then indexes are together as long as `isNext`.
   */
  statements(path: readonly number[], count: number, isNext: (index: number) => boolean): ProtoStatement[] {
    const blocks = this.#byPath.get(path.join()) ?? [];
    const statements: Array<{
      place: ProtoPlace | undefined;
      block: ProtoPlace | undefined;
      indexes: number[];
    }> = [];
    for (let index = 0; index < count; index++) {
      const own = this.at([...path, index]);
      const block = own && blocks.find((place) => contains(place, own));
      const last = statements.at(-1);
      if (last !== undefined && last.block === block && (block !== undefined || isNext(index)))
        last.indexes.push(index);
      else
        statements.push({
          place: block ?? (own && { ...own, comments: NO_COMMENTS }),
          block,
          indexes: [index],
        });
    }
    return statements;
  }

  /** Whether two elements of a list stand on one line. */
  isOnLineOf(path: readonly number[], index: number): boolean {
    const [before, own] = [this.at([...path, index - 1]), this.at([...path, index])];
    return before === undefined || own === undefined || before.endLine === own.line;
  }
}

export interface ProtoStatement {
  readonly place: ProtoPlace | undefined;
  readonly indexes: readonly number[];
}

function placeOf({
  span,
  leadingComments,
  trailingComments,
  leadingDetachedComments,
}: SourceCodeInfo_Location): ProtoPlace {
  const [line = 0, column = 0] = span;
  const [endLine, endColumn] = span.length === 3 ? [line, span[2]!] : [span[2] ?? line, span[3] ?? column];
  const isCommented = leadingComments !== "" || trailingComments !== "" || leadingDetachedComments.length > 0;
  const comments = isCommented
    ? { detached: leadingDetachedComments, leading: leadingComments, trailing: trailingComments }
    : NO_COMMENTS;
  return { line, column, endLine, endColumn, comments };
}

export function comparePlaces(a: ProtoPlace, b: ProtoPlace): number {
  return a.line - b.line || a.column - b.column;
}

function contains(outer: ProtoPlace, inner: ProtoPlace): boolean {
  const starts = outer.line < inner.line || (outer.line === inner.line && outer.column <= inner.column);
  const ends =
    outer.endLine > inner.endLine || (outer.endLine === inner.endLine && outer.endColumn >= inner.endColumn);
  return starts && ends;
}

/** Whether the author left an empty line between two elements, comments apart. */
export function hasGap(before: ProtoPlace | undefined, after: ProtoPlace | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const comments = commentLines(after.comments.leading).length;
  const trailing = commentLines(before.comments.trailing).length;
  return after.line - before.endLine - 1 > comments + (trailing > 1 ? trailing : 0);
}
