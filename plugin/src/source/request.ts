import { readFileSync } from "node:fs";
import type { FileRegistry } from "@bufbuild/protobuf";
import type { CodeGeneratorRequest, FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { EXTENSION_NUMBER } from "./annotations.js";
import { DescriptorMemory } from "./descriptor-memory.js";

/** Options of the plugin, in `opt:` of buf.gen.yaml. */
export interface PluginOptions {
  /** Packages whose messages public and internal files may share. Always: google.protobuf, google.type, google.rpc. */
  readonly sharedPackages: readonly string[];
  /** Folders below which .proto files stand, to show lines in findings. */
  readonly roots: readonly string[];
  /** Images of `buf build` with internal files that are not in the workspace. */
  readonly images: readonly string[];
  /** What imports of generated files end with: ".js", ".ts" or "". */
  readonly importExtension: string;
  /** The folder for the public .proto files, below that of all generated ones; undefined: they are not written. */
  readonly publicProtos: string | undefined;
  /** Modules that have what the public files import from elsewhere; without any, that is copied. */
  readonly publicDependencies: readonly string[];
}

/** An option that is unknown or wrong; the message says which, and what would be right. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

/** Parses the parameter of a request: "shared=acme.common,root=proto". A key may come several times. */
export function parseOptions(parameter: string): PluginOptions {
  const sharedPackages = ["google.protobuf", "google.type", "google.rpc"];
  const roots: string[] = [];
  const images: string[] = [];
  const publicDependencies: string[] = [];
  let importExtension = ".js";
  let publicProtos: string | undefined;
  for (const option of parameter
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")) {
    const equals = option.indexOf("=");
    const key = equals < 0 ? option : option.slice(0, equals);
    const value = equals < 0 ? "" : option.slice(equals + 1);
    if (key === "shared" && /^[\w.]+$/.test(value)) sharedPackages.push(value);
    else if (key === "root" && value !== "") roots.push(value);
    else if (key === "internal" && value !== "") images.push(value);
    else if (key === "import_extension" && ["js", "ts", "none"].includes(value))
      importExtension = value === "none" ? "" : `.${value}`;
    else if (key === "public_protos" && isFolder(value)) publicProtos = value.replace(/\/+$/, "");
    else if (key === "public_dependency" && /^[\w.-]+(?:\/[\w.-]+){2}(?::[\w./-]+)?$/.test(value))
      publicDependencies.push(value);
    else {
      throw new OptionError(
        `unknown or incomplete option "${option}"; there are shared=PACKAGE, root=FOLDER, internal=FILE, import_extension=js|ts|none, public_protos=FOLDER and public_dependency=MODULE`,
      );
    }
  }
  return { sharedPackages, roots, images, importExtension, publicProtos, publicDependencies };
}

/** A folder below the one that buf writes into; it takes no other. */
function isFolder(path: string): boolean {
  const steps = path.replace(/\/+$/, "").split("/");
  return steps.every((step) => /^[\w.-]+$/.test(step) && step !== "." && step !== "..");
}

/** All descriptors of a request, with source-retention options and places, and those of the images beside it. */
export function registryOf(
  request: CodeGeneratorRequest,
  options: PluginOptions,
  memory: DescriptorMemory = new DescriptorMemory(),
): FileRegistry {
  const files = new Map(request.protoFile.map((file) => [file.name, file] as const));
  // These are the same files, with what is kept in source only.
  for (const file of request.sourceFileDescriptors) files.set(file.name, file);
  for (const image of options.images)
    for (const file of readImage(image, memory)) if (!files.has(file.name)) files.set(file.name, file);
  return memory.registry(inOrder([...files.values()]));
}

function readImage(path: string, memory: DescriptorMemory): FileDescriptorProto[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new OptionError(`internal=${path}: cannot be read: ${(error as Error).message}`);
  }
  let files: FileDescriptorProto[];
  try {
    files = memory.decode(bytes, path);
  } catch {
    throw new OptionError(`internal=${path}: is no image; make it with \`buf build -o ${path}\``);
  }
  const stripped = files.find(isStripped);
  if (stripped !== undefined) {
    throw new OptionError(
      `internal=${path}: ${stripped.name} imports portico/v1/options.proto and has no option of it: the image was stripped; make it with \`buf build -o ${path}\`, without --exclude-source-retention-options`,
    );
  }
  return files;
}

/** A file that imports the options and uses none has lost them: the marks of internal fields would be gone too. */
export function isStripped(file: FileDescriptorProto): boolean {
  return file.dependency.some((name) => name.endsWith("portico/v1/options.proto")) && !hasAnnotation(file);
}

function hasAnnotation(file: FileDescriptorProto): boolean {
  type Options = { readonly $unknown?: ReadonlyArray<{ readonly no: number }> | undefined };
  const has = (options: Options | undefined) =>
    options?.$unknown?.some((field) => field.no === EXTENSION_NUMBER) === true;
  const inMessages = (messages: FileDescriptorProto["messageType"]): boolean =>
    messages.some(
      (message) =>
        has(message.options) ||
        message.field.some((field) => has(field.options)) ||
        message.enumType.some((type) => type.value.some((value) => has(value.options))) ||
        inMessages(message.nestedType),
    );
  return (
    inMessages(file.messageType) ||
    file.enumType.some((type) => type.value.some((value) => has(value.options))) ||
    file.service.some(
      (service) => has(service.options) || service.method.some((method) => has(method.options)),
    )
  );
}

/** Files after those that they import. */
function inOrder(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const byName = new Map(files.map((file) => [file.name, file] as const));
  const done = new Set<FileDescriptorProto>();
  const visit = (file: FileDescriptorProto): void => {
    if (done.has(file)) return;
    done.add(file);
    // Sets keep their order of insertion: dependencies are moved before the file by adding it again.
    for (const name of file.dependency) {
      const dependency = byName.get(name);
      if (dependency !== undefined) visit(dependency);
    }
    done.delete(file);
    done.add(file);
  };
  for (const file of files) visit(file);
  return [...done];
}
