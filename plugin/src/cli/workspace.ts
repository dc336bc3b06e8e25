import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { DescriptorMemory } from "../source/descriptor-memory.js";
import { isStripped, OptionError } from "../source/request.js";
import { buildImage } from "./buf.js";
import { type Planned, planRequest } from "./plan-request.js";
import { readTemplate, type Template } from "./template.js";
import { UsageError } from "./usage-error.js";

/** What to read, from the options that all commands share. */
export interface WorkspaceOptions {
  /** The folder that everything is relative to, as it is for buf. */
  readonly cwd: string;
  /** A buf.gen.yaml; undefined: the one in the folder, if it is there. */
  readonly template?: string | undefined;
  /** What `buf build` builds; undefined: what buf.gen.yaml says. */
  readonly input?: string | undefined;
  /** An image that is there already. */
  readonly image?: string | undefined;
  /** Options of the plugin, in place of those in buf.gen.yaml. */
  readonly opt?: readonly string[] | undefined;
}

/** Where descriptors come from, and how the plugin would read them: buf.gen.yaml and the command line, taken together. */
export interface Workspace {
  readonly cwd: string;
  readonly templatePath: string;
  readonly template: Template;
  readonly image: string | undefined;
  /** The folder of the input; the current one where it is none. */
  readonly folder: string;
}

export function openWorkspace(options: WorkspaceOptions): Workspace {
  const { cwd } = options;
  const templatePath = resolve(cwd, options.template ?? "buf.gen.yaml");
  const isWanted = options.template !== undefined;
  // What the command line says in full need not be read.
  const isSaid = options.opt !== undefined && (options.input !== undefined || options.image !== undefined);
  const said: Template =
    isSaid && !isWanted
      ? { parameter: "", includeImports: false, input: ["."] }
      : readTemplate(templatePath, isWanted);
  const template: Template = {
    ...said,
    ...(options.opt && { parameter: options.opt.join(",") }),
    ...(options.input !== undefined && { input: [options.input] }),
  };
  return {
    cwd,
    templatePath,
    template,
    image: options.image,
    folder: resolve(cwd, /^[\w./\\ -]+$/.test(template.input[0]!) ? template.input[0]! : "."),
  };
}

/** The image of a workspace: built by buf, or read. */
export async function imageOf(workspace: Workspace, signal?: AbortSignal): Promise<Uint8Array> {
  const { cwd, image, template } = workspace;
  return image === undefined ? buildImage(template.input, cwd, signal) : readImage(cwd, image);
}

/** Makes the plan of an image, as the plugin would. */
export function planImage(
  workspace: Workspace,
  bytes: Uint8Array,
  memory: DescriptorMemory = new DescriptorMemory(),
): Planned {
  const { folder, image, template } = workspace;
  try {
    return planRequest(requestOf(bytes, template, image, memory), folder, memory);
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(`option-plugin: ${error.message}`);
    throw error;
  }
}

/** Builds, or reads, the descriptors, and makes the plan of them. */
export async function planWorkspace(workspace: Workspace): Promise<Planned> {
  return planImage(workspace, await imageOf(workspace));
}

function readImage(cwd: string, path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? 0 : resolve(cwd, path));
  } catch (error) {
    throw new UsageError(`--image ${path}: cannot be read: ${(error as Error).message}`);
  }
}

/** What the plugin would be sent. */
function requestOf(
  bytes: Uint8Array,
  template: Template,
  image: string | undefined,
  memory: DescriptorMemory,
): CodeGeneratorRequest {
  let files: FileDescriptorProto[];
  try {
    files = memory.decode(bytes, "");
  } catch {
    throw new UsageError(`--image ${image}: is no image; make it with \`buf build -o ${image}\``);
  }
  const stripped = files.find(isStripped);
  if (stripped !== undefined)
    throw new UsageError(
      `${stripped.name} imports portico/v1/options.proto and has no option of it: the image was stripped; make it without --exclude-source-retention-options`,
    );
  const targets = template.includeImports ? files : files.filter((file) => !isImport(file));
  return create(CodeGeneratorRequestSchema, {
    fileToGenerate: targets.map((file) => file.name),
    protoFile: files,
    sourceFileDescriptors: files,
    parameter: template.parameter,
  });
}

/** Whether buf says that a file was only imported: ImageFile.buf_extension (8042), of which is_import is field 1. */
function isImport(file: FileDescriptorProto): boolean {
  const extension = file.$unknown?.find(({ no }) => no === 8042);
  if (extension === undefined) return false;
  const reader = new BinaryReader(new BinaryReader(extension.data).bytes());
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.Varint) return reader.bool();
    reader.skip(wireType, number);
  }
  return false;
}

/** Where what commands write stands by default: beside buf.gen.yaml. */
export function besideTemplate(workspace: Workspace, name: string): string {
  return resolve(dirname(workspace.templatePath), name);
}
