import type { DescEnum, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { type Message, messageOf } from "../../source/model.js";
import type { Collected } from "./collect.js";
import { pascalCase, snakeCase, UniqueNames } from "./names.js";

/** A public message: a copy of an internal one, or one that holds it. */
export interface PublicMessage {
  readonly name: string;
  /** Its names below the package, with dots: "Event.Type". */
  readonly path: string;
  readonly internal: Message;
  /** The field that holds the whole internal message; undefined where the message is a copy. */
  readonly holder: string | undefined;
  readonly messages: PublicMessage[];
  readonly enums: PublicEnum[];
}

export interface PublicEnum {
  readonly name: string;
  readonly path: string;
  readonly internal: DescEnum;
}

export interface PublicMethod {
  readonly name: string;
  readonly internal: DescMethod;
  readonly input: PublicMessage;
  readonly output: PublicMessage;
}

/** The public types, as they stand in the file. */
export interface PublicTypes {
  readonly methods: readonly PublicMethod[];
  readonly messages: readonly PublicMessage[];
  readonly enums: readonly PublicEnum[];
  /** The paths of all that stand for internal types. */
  readonly paths: ReadonlySet<string>;
  /** The path of the public type that stands for an internal one in fields. */
  pathOf(internal: DescMessage | DescEnum): string | undefined;
}

/**
 * Decides which public messages there are. Requests and responses are named after their methods, each for one method, as
 * `buf lint` has it. What has another name is copied under that name; where it is a thing that others use too, the
 * response holds it in a field. `services` are the public names of the services.
 */
export function publicTypes(
  methods: readonly DescMethod[],
  collected: Collected,
  services: ReadonlyMap<DescService, string>,
): PublicTypes {
  return new TypeMaker(collected, services).make(methods);
}

class TypeMaker {
  readonly #messages: PublicMessage[] = [];
  readonly #enums: PublicEnum[] = [];
  /** What stands for internal types in fields. */
  readonly #plain = new Map<DescMessage | DescEnum, string>();
  /** Where types that are nested in an internal message go. */
  readonly #homes = new Map<DescMessage, PublicMessage>();

  readonly #names = new UniqueNames();

  constructor(
    readonly collected: Collected,
    readonly services: ReadonlyMap<DescService, string>,
  ) {
    for (const name of services.values()) this.#names.take(name);
  }

  make(methods: readonly DescMethod[]): PublicTypes {
    const { collected } = this;
    const named = methods.map((method) => {
      // Two services may have methods of one name.
      const base = pascalCase(method.name);
      const own = `${this.services.get(method.parent)}${base}`;
      const take = (end: string) => this.#names.take(`${base}${end}`, `${own}${end}`);
      return { method, name: base, input: take("Request"), output: take("Response") };
    });
    const answers = new Map<DescMessage, number>();
    for (const { output } of methods) answers.set(output, (answers.get(output) ?? 0) + 1);
    const embedded = new Set([...collected.embedded].map((message) => message.desc!));
    const isHeld = ({ output }: DescMethod) =>
      !/(?:Response|Reply|Result)$/.test(output.name) &&
      output.fields.length > 0 &&
      !collected.isShared(output.file) &&
      (embedded.has(output) || answers.get(output)! > 1);
    const plans = named.map(({ method, name, input, output }): PublicMethod => {
      const request = this.#copy(method.input, input);
      if (!isHeld(method))
        return { name, internal: method, input: request, output: this.#copy(method.output, output) };
      embedded.add(method.output);
      const internal = messageOf(method.output);
      const holder = snakeCase(method.output.name);
      const response: PublicMessage = {
        name: output,
        path: output,
        internal,
        holder,
        messages: [],
        enums: [],
      };
      this.#messages.push(response);
      return { name, internal: method, input: request, output: response };
    });
    const others = [...embedded].filter((desc) => !collected.isShared(desc.file) && !this.#plain.has(desc));
    const order = new Map(collected.messages.map((message, index) => [message.desc!, index] as const));
    // Outer ones first, so that those inside find their home.
    const depth = (desc: DescMessage): number => (desc.parent === undefined ? 0 : 1 + depth(desc.parent));
    others.sort((a, b) => depth(a) - depth(b) || order.get(a)! - order.get(b)!);
    for (const desc of others) this.#embedded(desc);
    for (const type of collected.enums) this.#enum(type);
    return {
      methods: plans,
      messages: this.#messages,
      enums: this.#enums,
      paths: new Set(this.#plain.values()),
      pathOf: (desc) => this.#plain.get(desc),
    };
  }

  /** A request or response. Where its name is the message's own, it stands for the message everywhere. */
  #copy(desc: DescMessage, name: string): PublicMessage {
    const message = newMessage(name, name, messageOf(desc));
    this.#messages.push(message);
    if (desc.name === name && desc.parent === undefined && !this.collected.isShared(desc.file)) {
      this.#plain.set(desc, name);
      this.#homes.set(desc, message);
    }
    if (!this.#homes.has(desc)) this.#homes.set(desc, message);
    return message;
  }

  #embedded(desc: DescMessage): void {
    const home = desc.parent && this.#homes.get(desc.parent);
    const name = this.#nameOf(desc, home);
    const message = newMessage(name, pathIn(home, name), messageOf(desc));
    (home?.messages ?? this.#messages).push(message);
    this.#plain.set(desc, message.path);
    this.#homes.set(desc, message);
  }

  #enum(desc: DescEnum): void {
    const home = desc.parent && this.#homes.get(desc.parent);
    const name = this.#nameOf(desc, home);
    const type: PublicEnum = { name, path: pathIn(home, name), internal: desc };
    (home?.enums ?? this.#enums).push(type);
    this.#plain.set(desc, type.path);
  }

  /** Its own name; without a home, with those around it before it, and if need be that of its package. */
  #nameOf(desc: DescMessage | DescEnum, home: PublicMessage | undefined): string {
    if (home !== undefined) return pascalCase(desc.name);
    const { package: packageName } = desc.file.proto;
    const inPackage = packageName === "" ? desc.typeName : desc.typeName.slice(packageName.length + 1);
    const name = pascalCase(inPackage);
    const step = packageName.split(".").findLast((part) => !/^v\d/.test(part)) ?? "";
    return this.#names.take(name, `${pascalCase(step)}${name}`);
  }
}

function newMessage(name: string, path: string, internal: Message): PublicMessage {
  return { name, path, internal, holder: undefined, messages: [], enums: [] };
}

function pathIn(home: PublicMessage | undefined, name: string): string {
  return home === undefined ? name : `${home.path}.${name}`;
}
