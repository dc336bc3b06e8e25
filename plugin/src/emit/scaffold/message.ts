import type { DescEnum, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { Field } from "../../source/model.js";
import { quoteText } from "../public-proto/literal.js";
import { type ProtoOption, withOptions } from "../public-proto/options.js";
import { NO_COMMENTS, type ProtoText } from "../public-proto/text.js";
import { type Collected, elementOf } from "./collect.js";
import { writeEnum } from "./enum.js";
import { snakeCase } from "./names.js";
import type { ScaffoldStyle } from "./style.js";
import type { PublicMessage, PublicTypes } from "./types.js";

/** Names that mean something else at the beginning of a path. */
const ROOTS = new Set(["request", "auth", "source", "metadata", "parent", "this", "config"]);

/** Writes public messages. */
export class MessageWriter {
  /** The files of the shared types that fields have. */
  readonly imports = new Set<string>();

  constructor(
    readonly text: ProtoText,
    readonly types: PublicTypes,
    readonly collected: Collected,
    readonly style: ScaffoldStyle,
  ) {}

  write(message: PublicMessage, gap: boolean): void {
    const { text, collected } = this;
    text.block([`message ${message.name}`], this.style.comments(message.internal.desc!), gap, () => {
      message.enums.forEach((type, index) => {
        writeEnum(text, type, this.style, index > 0);
      });
      message.messages.forEach((nested, index) => {
        this.write(nested, index > 0 || message.enums.length > 0);
      });
      const isBelow = message.enums.length + message.messages.length > 0;
      if (message.holder !== undefined) this.#holder(message, message.holder);
      else {
        this.#fields(message, isBelow);
        const decide = collected.leftOut(message.internal).filter(({ why }) => why !== undefined);
        // In a message without fields the comment would be the message's own.
        if (decide.length > 0 && collected.fieldsOf(message.internal).length > 0)
          text.note(decide.map(({ field, why }) => ` Left out: ${field.name}, ${why}.`));
      }
    });
  }

  #holder({ internal }: PublicMessage, holder: string): void {
    const type = this.#reference(internal.desc!, "");
    const options = [option("(portico.v1.field).from", quoteText("source"))];
    this.text.statement(withOptions(`${type} ${holder} = 1`, options, ";"), NO_COMMENTS, false);
  }

  #fields({ internal, path }: PublicMessage, isBelow: boolean): void {
    const fields = this.collected.fieldsOf(internal);
    const names = new Set<string>();
    const oneofs = new Set<DescOneof>();
    let number = 0;
    let isFirst = true;
    const write = (field: Field, gap: boolean) => this.#field(field, path, ++number, names, gap);
    for (const field of fields) {
      const { oneof } = field;
      const gap = isFirst && isBelow;
      if (oneof === undefined) write(field, gap);
      else if (!oneofs.has(oneof)) {
        oneofs.add(oneof);
        this.text.block([`oneof ${snakeCase(oneof.name)}`], this.style.comments(oneof), gap, () => {
          for (const member of fields) if (member.oneof === oneof) write(member, false);
        });
      }
      isFirst = false;
    }
  }

  #field(field: Field, scope: string, number: number, names: Set<string>, gap: boolean): void {
    const desc = field.desc!;
    const wanted = snakeCase(field.name);
    const name = names.has(wanted) ? `${wanted}_${number}` : wanted;
    names.add(name);
    const options: ProtoOption[] = [];
    const isRead = this.collected.inResponses.has(field.parent);
    const isWritten = this.collected.inRequests.has(field.parent);
    if (desc.deprecated) options.push(option("deprecated", "true"));
    if (name !== field.name) {
      const path = ROOTS.has(field.name) ? `source.${field.name}` : field.name;
      if (isRead || !isWritten) options.push(option("(portico.v1.field).from", quoteText(path)));
      else options.push(option("(portico.v1.field).to", quoteText(field.name)));
    }
    if (isRead && isWritten && this.collected.isOutputOnly(field))
      options.push(option("(portico.v1.field).output_only", "true"));
    const head = `${this.#label(field)}${this.#type(field, scope)} ${name} = ${number}`;
    this.text.statement(withOptions(head, options, ";"), this.style.comments(desc), gap);
  }

  /** A default other than zero is written out where there is no presence; proto3 could not say it otherwise. */
  #label(field: Field): string {
    if (field.cardinality === "repeated") return "repeated ";
    if (field.cardinality === "map" || field.oneof !== undefined || field.type.kind === "message") return "";
    const hasDefault = field.desc !== undefined && Object.hasOwn(field.desc.proto, "defaultValue");
    return field.presence === "explicit" && !hasDefault ? "optional " : "";
  }

  #type(field: Field, scope: string): string {
    if (field.cardinality === "map" && field.type.kind === "message") {
      const [key] = field.type.message.fields;
      return `map<${this.#type(key!, scope)}, ${this.#type(elementOf(field), scope)}>`;
    }
    switch (field.type.kind) {
      case "scalar":
        return field.type.scalar;
      case "enum":
        return this.#reference(field.type.enum, scope);
      case "message":
        return this.#reference(field.type.message.desc!, scope);
    }
  }

  /** Public types by the shortest path that finds them from `scope`, shared ones by their full name. */
  #reference(desc: DescMessage | DescEnum, scope: string): string {
    const path = this.types.pathOf(desc);
    if (path !== undefined) {
      const steps = path.split(".");
      const candidates = steps.map((_, index) => steps.slice(steps.length - 1 - index).join("."));
      const short = candidates.find((candidate) => this.#finds(candidate, scope) === path);
      return short ?? `.${this.style.packageName}.${path}`;
    }
    this.imports.add(desc.file.proto.name);
    const [first] = desc.typeName.split(".");
    // A later step of our own package would be found first.
    const isHidden = this.style.packageName.split(".").slice(1).includes(first!);
    return isHidden ? `.${desc.typeName}` : desc.typeName;
  }

  /** What a path means in a message: compilers look for its first step, from the inside out. */
  #finds(path: string, scope: string): string {
    const [first] = path.split(".");
    for (let at = scope; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
      if (this.types.paths.has(`${at}.${first}`)) return `${at}.${path}`;
    }
    return path;
  }
}

function option(name: string, value: string): ProtoOption {
  return { name, value, place: undefined };
}
