import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";

/** Words with which a statement begins: a type that is called so is written with a dot before it. */
const KEYWORDS = new Set(
  "syntax edition import weak public package option message enum service rpc returns stream extend extensions reserved oneof map group repeated optional required export local to max double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes".split(
    " ",
  ),
);

/** Writes names so that they are found again from where they stand. */
export class ProtoNames {
  readonly #symbols = new Set<string>();
  readonly #package: string;

  /** `visible`: the file, and all files that it imports, also through others. */
  constructor(file: DescFile, visible: Iterable<DescFile>) {
    this.#package = file.proto.package;
    for (const { proto, messages, enums, extensions, services } of visible) {
      for (let name = proto.package; name !== ""; name = parentOf(name)) this.#symbols.add(name);
      for (const message of messages) this.#addMessage(message);
      for (const type of enums) this.#addEnum(type);
      for (const extension of extensions) this.#symbols.add(extension.typeName);
      for (const service of services) {
        this.#symbols.add(service.typeName);
        for (const method of service.methods) this.#symbols.add(`${service.typeName}.${method.name}`);
      }
    }
  }

  /** The shortest way to name a type of the same package in `scope`, else its full name. */
  type(fullName: string, scope: string): string {
    const own = this.#own(fullName);
    const steps = own?.split(".") ?? [];
    const candidates = steps.map((_, index) => steps.slice(steps.length - 1 - index).join("."));
    return this.#first([...candidates, fullName], fullName, scope);
  }

  /** The name of an option's extension. Compilers differ in whether the element itself is a scope, so it is no help. */
  option(fullName: string, scope: string): string {
    const own = this.#own(fullName);
    return this.#first(own === undefined ? [fullName] : [own, fullName], fullName, scope);
  }

  #own(fullName: string): string | undefined {
    if (this.#package === "") return fullName;
    return fullName.startsWith(`${this.#package}.`) ? fullName.slice(this.#package.length + 1) : undefined;
  }

  #first(candidates: readonly string[], fullName: string, scope: string): string {
    const fitting = candidates.find(
      (name) => !KEYWORDS.has(name.split(".")[0]!) && this.#resolve(name, scope) === fullName,
    );
    return fitting ?? `.${fullName}`;
  }

  /** Compilers look for the first part of a name, from the innermost scope outwards. */
  #resolve(name: string, scope: string): string | undefined {
    const first = name.split(".")[0]!;
    for (let at = scope; ; at = parentOf(at)) {
      const prefix = at === "" ? "" : `${at}.`;
      if (this.#symbols.has(prefix + first)) return prefix + name;
      if (at === "") return undefined;
    }
  }

  #addMessage(message: DescMessage): void {
    const { typeName } = message;
    this.#symbols.add(typeName);
    for (const field of message.fields) this.#symbols.add(`${typeName}.${field.name}`);
    for (const oneof of message.oneofs) this.#symbols.add(`${typeName}.${oneof.name}`);
    for (const extension of message.nestedExtensions) this.#symbols.add(extension.typeName);
    for (const type of message.nestedEnums) this.#addEnum(type);
    for (const nested of message.nestedMessages) this.#addMessage(nested);
  }

  #addEnum(type: DescEnum): void {
    this.#symbols.add(type.typeName);
    // Values stand beside their enum.
    for (const value of type.values) {
      const scope = parentOf(type.typeName);
      this.#symbols.add(scope === "" ? value.name : `${scope}.${value.name}`);
    }
  }
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}
