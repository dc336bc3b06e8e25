import type { DescExtension, DescFile, Registry } from "@bufbuild/protobuf";
import { ProtoNames } from "./names.js";
import { comparePlaces, hasGap, type ProtoPlace, ProtoPlaces } from "./places.js";
import { ProtoText } from "./text.js";

/** What of a file is printed. */
export interface Kept {
  /** The files that it still imports. */
  readonly imports: ReadonlySet<DescFile>;
  /** Whether a message, enum, service or extension is kept, by its full name. */
  keeps(name: string): boolean;
  keepsOption(extension: DescExtension): boolean;
}

/** A file that is being printed. */
export class ProtoSource implements Kept {
  readonly text = new ProtoText();
  readonly places: ProtoPlaces;
  readonly names: ProtoNames;
  readonly imports: ReadonlySet<DescFile>;

  constructor(
    readonly file: DescFile,
    readonly registry: Registry,
    readonly kept: Kept,
  ) {
    this.imports = kept.imports;
    this.places = new ProtoPlaces(file);
    this.names = new ProtoNames(file, visibleFrom(file, kept));
  }

  keeps(name: string): boolean {
    return this.kept.keeps(name);
  }

  keepsOption(extension: DescExtension): boolean {
    return this.kept.keepsOption(extension);
  }
}

function visibleFrom(file: DescFile, kept: Kept): ReadonlySet<DescFile> {
  const visible = new Set([file, ...kept.imports]);
  for (const seen of visible)
    if (seen !== file) for (const imported of seen.dependencies) visible.add(imported);
  return visible;
}

/** A declaration, and how it is written. */
export interface ProtoItem {
  readonly place: ProtoPlace | undefined;
  write(gap: boolean): void;
}

/** Writes declarations in the order of the file, with its empty lines; `apart`: with one before each. */
export function writeItems(
  items: readonly ProtoItem[],
  options: { after?: ProtoPlace | undefined; apart?: boolean },
): void {
  const sorted = items
    .map((item, index) => ({ item, index }))
    .sort((a, b) => {
      const [x, y] = [a.item.place, b.item.place];
      return (x && y && comparePlaces(x, y)) || a.index - b.index;
    });
  let before = options.after;
  for (const { item } of sorted) {
    item.write(options.apart === true || hasGap(before, item.place));
    before = item.place;
  }
}

/** A range of numbers; `last` is inclusive. */
export function rangeText(first: number, last: number, toMax: boolean): string {
  if (toMax) return `${first} to max`;
  return first === last ? String(first) : `${first} to ${last}`;
}
