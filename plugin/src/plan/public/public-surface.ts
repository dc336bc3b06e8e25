import type {
  DescEnum,
  DescExtension,
  DescField,
  DescFile,
  DescMessage,
  FileRegistry,
} from "@bufbuild/protobuf";
import { EXTENSION_NUMBER } from "../../source/annotations.js";
import { optionUses } from "../../source/option-uses.js";
import { Context } from "../context.js";
import type { PlanInput } from "../plan.js";
import type { Plan } from "../types.js";
import { Exposure, namedServices } from "./exposure.js";

/** What clients see: the files of the public API, without what is internal in them. */
export interface PublicSurface {
  readonly files: readonly PublicFile[];
}

export interface PublicFile {
  readonly desc: DescFile;
  /** A file that was given to generate for; others come from elsewhere: from a dependency of the module. */
  readonly isOwn: boolean;
  /** The files that it imports, without those that only annotations, or what is left out, needs. */
  readonly imports: ReadonlySet<DescFile>;
  /** Full names of the services, messages, enums and extensions that are left out. */
  readonly omitted: ReadonlySet<string>;
  keepsOption(extension: DescExtension): boolean;
}

/** Compilers bring these files along. */
const isBundled = (file: DescFile): boolean => file.proto.name.startsWith("google/protobuf/");

const OPTIONS = "portico.v1";

/**
 * The public files with all that they import. Left out are: services that the gateway does not serve, and what cannot be
 * without an internal type; the annotations; options that internal packages declare; and imports that nothing needs any
 * more.
 */
export function publicSurface(plan: Plan, input: PlanInput): PublicSurface {
  const { registry, sharedPackages, texts } = input;
  const exposure = new Exposure(new Context(registry, texts, sharedPackages));
  const targets = new Set(input.targets);
  const served = new Set(plan.files.flatMap((file) => file.methods.map((method) => method.service.typeName)));
  const internalPackages = packagesOf(registry);
  const isInternal = (file: DescFile) => file.proto.package === OPTIONS || exposure.isInternalFile(file);
  const keepsOption = ({ file, number, typeName }: DescExtension) =>
    !(number === EXTENSION_NUMBER && typeName.startsWith(`${OPTIONS}.`)) &&
    !internalPackages.has(file.proto.package);
  const found = new Map<DescFile, PublicFile>();
  const visit = (desc: DescFile): void => {
    if (found.has(desc) || isBundled(desc)) return;
    const isOwn = targets.has(desc.proto.name);
    const omitted = isOwn ? omittedOf(desc, served, isInternal) : new Set<string>();
    const imports = importsOf(desc, registry, omitted, keepsOption, isInternal);
    found.set(desc, { desc, isOwn, imports, omitted, keepsOption });
    for (const imported of imports) visit(imported);
  };
  for (const file of plan.files) visit(file.desc);
  const files = [...found.values()].sort((a, b) => (a.desc.proto.name < b.desc.proto.name ? -1 : 1));
  return { files };
}

/** The packages of the services that annotations name. */
function packagesOf(registry: FileRegistry): ReadonlySet<string> {
  const services = [...namedServices(registry)].map((name) => registry.getService(name));
  return new Set(services.flatMap((service) => (service === undefined ? [] : [service.file.proto.package])));
}

function omittedOf(
  file: DescFile,
  served: ReadonlySet<string>,
  isInternal: (file: DescFile) => boolean,
): ReadonlySet<string> {
  const omitted = new Set(
    file.services.map((service) => service.typeName).filter((name) => !served.has(name)),
  );
  const isGone = (type: DescMessage | DescEnum | undefined) =>
    type !== undefined && (isInternal(type.file) || omitted.has(type.typeName));
  const messages = allMessages(file.messages);
  const extensions = [...file.extensions, ...messages.flatMap((message) => message.nestedExtensions)];
  // What names something that is left out is left out as well, and so on.
  for (let before = -1; before !== omitted.size; ) {
    before = omitted.size;
    for (const message of messages)
      if (message.fields.some(({ message: type, enum: values }) => isGone(type) || isGone(values)))
        for (const { typeName } of allMessages([message])) omitted.add(typeName);
    for (const { typeName, extendee, message, enum: type } of extensions)
      if (isGone(extendee) || isGone(message) || isGone(type)) omitted.add(typeName);
  }
  return omitted;
}

/** The imports of a file that what is left of it needs. */
function importsOf(
  file: DescFile,
  registry: FileRegistry,
  omitted: ReadonlySet<string>,
  keepsOption: (extension: DescExtension) => boolean,
  isInternal: (file: DescFile) => boolean,
): ReadonlySet<DescFile> {
  const used = optionUses(file, registry, omitted, keepsOption);
  const addType = ({ message, enum: type }: DescField | DescExtension) => {
    if (message !== undefined) used.add(message.file);
    if (type !== undefined) used.add(type.file);
  };
  const messages = allMessages(file.messages).filter(({ typeName }) => !omitted.has(typeName));
  for (const message of messages) message.fields.forEach(addType);
  for (const extension of [...file.extensions, ...messages.flatMap((message) => message.nestedExtensions)]) {
    if (omitted.has(extension.typeName)) continue;
    addType(extension);
    used.add(extension.extendee.file);
  }
  for (const service of file.services) {
    if (omitted.has(service.typeName)) continue;
    for (const { input, output } of service.methods) used.add(input.file).add(output.file);
  }
  const { dependency, optionDependency, publicDependency } = file.proto;
  const publicNames = new Set(publicDependency.map((index) => dependency[index]));
  const imports = new Set<DescFile>();
  for (const name of [...dependency, ...optionDependency]) {
    const imported = registry.getFile(name);
    if (imported === undefined) continue;
    const isOffered = publicNames.has(name) && !isInternal(imported);
    if (isOffered || [...reExported(imported)].some((reached) => used.has(reached))) imports.add(imported);
  }
  return imports;
}

/** A file, and those that it imports publicly. */
function reExported(file: DescFile): ReadonlySet<DescFile> {
  const reached = new Set([file]);
  for (const { proto, dependencies } of reached) {
    const names = new Set(proto.publicDependency.map((index) => proto.dependency[index]));
    for (const dependency of dependencies) if (names.has(dependency.proto.name)) reached.add(dependency);
  }
  return reached;
}

function allMessages(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [message, ...allMessages(message.nestedMessages)]);
}
