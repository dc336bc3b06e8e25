import { create, createFileRegistry, type DescFile, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/**
 * Descriptors from one run to the next: a file that has not changed, nor any that it imports, keeps its descriptors,
 * and so all that is known of them. Without it, each edit of a large workspace would cost a full start.
 */
export class DescriptorMemory {
  /** The files of each image that was read, by its own name for them. */
  readonly #images = new Map<string, Map<string, Remembered>>();
  #registry: FileRegistry | undefined;

  /** Reads a FileDescriptorSet; `image` tells it from others. Throws where the bytes are none. */
  decode(bytes: Uint8Array, image: string): FileDescriptorProto[] {
    const before = this.#images.get(image);
    const now = new Map<string, Remembered>();
    const files = filesIn(bytes).map((text) => {
      const known = before?.get(nameIn(text) ?? "");
      const proto =
        known !== undefined && Buffer.compare(known.text, text) === 0
          ? known.proto
          : fromBinary(FileDescriptorProtoSchema, text);
      now.set(proto.name, { text, proto });
      return proto;
    });
    this.#images.set(image, now);
    return files;
  }

  /** The registry of files that come after what they import. */
  registry(files: readonly FileDescriptorProto[]): FileRegistry {
    const before = this.#registry;
    const registry =
      before === undefined
        ? createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }))
        : changed(before, files);
    this.#registry = registry;
    return registry;
  }
}

interface Remembered {
  readonly text: Uint8Array;
  readonly proto: FileDescriptorProto;
}

function changed(before: FileRegistry, files: readonly FileDescriptorProto[]): FileRegistry {
  const known = new Map<string, DescFile>();
  for (const proto of files) {
    const old = before.getFile(proto.name);
    const isKept = old?.proto === proto && old.dependencies.every((dep) => known.get(dep.proto.name) === dep);
    if (isKept) known.set(proto.name, old);
    else {
      const made = createFileRegistry(proto, (name) => known.get(name)).getFile(proto.name)!;
      known.set(proto.name, made);
    }
  }
  // Of the registry before, without the files that went: nothing of them may stay.
  return createFileRegistry({ ...before, files: known.values() });
}

/** The parts of a FileDescriptorSet that are files, each as its bytes. */
function filesIn(bytes: Uint8Array): Uint8Array[] {
  const files: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) files.push(reader.bytes());
    else reader.skip(wireType, number);
  }
  return files;
}

/** The name of a file, which compilers write first; undefined where it is not. */
function nameIn(file: Uint8Array): string | undefined {
  const reader = new BinaryReader(file);
  if (file.length === 0) return undefined;
  const [number, wireType] = reader.tag();
  return number === 1 && wireType === WireType.LengthDelimited ? reader.string() : undefined;
}
