import type { DescFile, DescOneof } from "@bufbuild/protobuf";
import { type Descriptor, pathOf } from "../../source/span.js";
import { ProtoPlaces } from "../public-proto/places.js";
import { type Comments, NO_COMMENTS } from "../public-proto/text.js";

/** How what is scaffolded is written. */
export interface ScaffoldStyle {
  /** The public package. */
  readonly packageName: string;
  /** The comments of an internal element, where they are wanted. */
  comments(desc: Exclude<Descriptor, DescFile> | DescOneof): Comments;
}

/** Internal comments may say what clients should not read, so they are kept only where that was asked for. */
export function scaffoldStyle(packageName: string, keepComments: boolean): ScaffoldStyle {
  const places = new Map<DescFile, ProtoPlaces>();
  return {
    packageName,
    comments: (desc) => {
      if (!keepComments) return NO_COMMENTS;
      const file = "file" in desc ? desc.file : desc.parent.file;
      let known = places.get(file);
      if (known === undefined) {
        known = new ProtoPlaces(file);
        places.set(file, known);
      }
      const path =
        desc.kind === "oneof" ? [...pathOf(desc.parent), 8, desc.parent.oneofs.indexOf(desc)] : pathOf(desc);
      return { ...known.comments(path), detached: [] };
    },
  };
}
