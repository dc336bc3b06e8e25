import type {
  DescEnum,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
  FileRegistry,
} from "@bufbuild/protobuf";
import { getOption, hasOption } from "@bufbuild/protobuf";
import { isMarkedInternal } from "../../plan/context.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import { isMask } from "../../source/shapes.js";

/** What is to be made public. */
export interface ScaffoldRoots {
  readonly methods: readonly DescMethod[];
  readonly messages: readonly DescMessage[];
  readonly enums: readonly DescEnum[];
}

/** A field of an internal message that the public one does not have. */
export interface LeftOut {
  readonly field: Field;
  /** What has to be decided before it can be public; undefined: it never can be. */
  readonly why: string | undefined;
}

/** The internal messages and enums that public ones are made from. */
export interface Collected {
  /** In the order in which they are reached. */
  readonly messages: readonly Message[];
  readonly enums: readonly DescEnum[];
  /** Messages that are fields of others, or were asked for. */
  readonly embedded: ReadonlySet<Message>;
  readonly inRequests: ReadonlySet<Message>;
  readonly inResponses: ReadonlySet<Message>;
  fieldsOf(message: Message): readonly Field[];
  leftOut(message: Message): readonly LeftOut[];
  isOutputOnly(field: Field): boolean;
  isShared(file: DescFile): boolean;
}

/** Finds all that the public copies of some methods and messages need. */
export function collect(
  roots: ScaffoldRoots,
  registry: FileRegistry,
  sharedPackages: readonly string[],
): Collected {
  return new Collector(roots, registry, sharedPackages);
}

class Collector implements Collected {
  readonly messages: readonly Message[];
  readonly enums: readonly DescEnum[];
  readonly embedded: Set<Message>;
  readonly inRequests: ReadonlySet<Message>;
  readonly inResponses: ReadonlySet<Message>;
  readonly #sharedPackages: readonly string[];
  readonly #fieldBehavior;
  readonly #why = new Map<Field, LeftOut | undefined>();

  constructor(roots: ScaffoldRoots, registry: FileRegistry, sharedPackages: readonly string[]) {
    this.#sharedPackages = sharedPackages;
    this.#fieldBehavior = registry.getExtension("google.api.field_behavior");
    const asked = roots.messages.map(messageOf);
    this.embedded = new Set(asked);
    const inputs = roots.methods.map((method) => messageOf(method.input));
    const outputs = roots.methods.map((method) => messageOf(method.output));
    // Masks depend on where a message stands, and hold nothing themselves: so this comes first.
    this.inRequests = this.#reach(inputs);
    this.inResponses = this.#reach([...outputs, ...asked]);
    this.messages = [
      ...new Set([
        ...inputs.flatMap((input, i) => [input, outputs[i]!]),
        ...asked,
        ...this.inRequests,
        ...this.inResponses,
      ]),
    ];
    const enums = new Set(roots.enums);
    for (const message of this.messages) {
      for (const field of this.fieldsOf(message)) {
        const { type } = elementOf(field);
        if (type.kind === "enum" && !this.isShared(type.enum.file)) enums.add(type.enum);
        if (type.kind === "message" && !this.isShared(type.message.file)) this.embedded.add(type.message);
      }
    }
    this.enums = [...enums];
  }

  isShared(file: DescFile): boolean {
    const name = file.proto.package;
    return this.#sharedPackages.some((shared) => name === shared || name.startsWith(`${shared}.`));
  }

  fieldsOf(message: Message): readonly Field[] {
    return message.fields.filter((field) => this.#leftOut(field) === undefined);
  }

  leftOut(message: Message): readonly LeftOut[] {
    return message.fields.map((field) => this.#leftOut(field)).filter((left) => left !== undefined);
  }

  isOutputOnly({ desc }: Field): boolean {
    const option = this.#fieldBehavior;
    if (desc === undefined || option === undefined || !hasOption(desc, option)) return false;
    const OUTPUT_ONLY = 3;
    return (getOption(desc, option) as unknown as number[]).includes(OUTPUT_ONLY);
  }

  /** Messages of our own that these are made of. */
  #reach(roots: readonly Message[]): ReadonlySet<Message> {
    const found = new Set(roots);
    for (const message of found) {
      for (const field of message.fields) {
        const { type } = elementOf(field);
        if (
          type.kind !== "message" ||
          this.isShared(type.message.file) ||
          this.#isBarred(field) !== undefined
        )
          continue;
        found.add(type.message);
      }
    }
    return found;
  }

  #leftOut(field: Field): LeftOut | undefined {
    if (!this.#why.has(field)) this.#why.set(field, this.#isBarred(field) ?? this.#isLeftToDecide(field));
    return this.#why.get(field);
  }

  /** What bars a field wherever its message stands. */
  #isBarred(field: Field): LeftOut | undefined {
    if (isMarkedInternal(field)) return { field, why: undefined };
    const { type } = elementOf(field);
    if (type.kind !== "message" || !this.isShared(type.message.file) || !holdsAny(type.message))
      return undefined;
    const what = type.message.typeName;
    const why = `${what === ANY ? "an Any" : `a ${what}, which has an Any`}: list the types that it may hold, with \`any\``;
    return { field, why };
  }

  /** What bars a field because of where its message stands. */
  #isLeftToDecide(field: Field): LeftOut | undefined {
    const { parent } = field;
    const isRequestOnly = !this.inResponses.has(parent);
    if (isRequestOnly && this.isOutputOnly(field)) return { field, why: undefined };
    if (!isMask(elementOf(field))) return undefined;
    const others = parent.fields.filter(
      (other) =>
        other.type.kind === "message" &&
        other.cardinality !== "map" &&
        !this.isShared(other.type.message.file) &&
        this.#isBarred(other) === undefined,
    );
    if (isRequestOnly && field.cardinality === "singular" && others.length === 1) return undefined;
    return { field, why: "a FieldMask, of which it is not clear what it masks" };
  }
}

const ANY = "google.protobuf.Any";

function holdsAny(message: Message): boolean {
  const found = new Set([message]);
  for (const { fields, typeName } of found) {
    if (typeName === ANY) return true;
    for (const { type } of fields) if (type.kind === "message") found.add(type.message);
  }
  return false;
}

/** A field, or the value of a map. */
export function elementOf(field: Field): Field {
  return field.cardinality === "map" && field.type.kind === "message" ? field.type.message.fields[1]! : field;
}

/** Finds what the arguments of `portico scaffold` name; `unknown` are those that name nothing. */
export function findRoots(
  names: readonly string[],
  registry: FileRegistry,
): { roots: ScaffoldRoots; unknown: string[] } {
  const methods = new Set<DescMethod>();
  const messages = new Set<DescMessage>();
  const enums = new Set<DescEnum>();
  const unknown: string[] = [];
  for (const name of names) {
    const service = registry.getService(name);
    const message = registry.getMessage(name);
    const type = registry.getEnum(name);
    const method = methodNamed(name, registry);
    if (service !== undefined) for (const one of service.methods) methods.add(one);
    else if (message !== undefined) messages.add(message);
    else if (type !== undefined) enums.add(type);
    else if (method !== undefined) methods.add(method);
    else unknown.push(name);
  }
  return { roots: { methods: [...methods], messages: [...messages], enums: [...enums] }, unknown };
}

/** "pkg.Service/Method"; a dot in place of the slash is understood as well. */
function methodNamed(name: string, registry: FileRegistry): DescMethod | undefined {
  const cut = Math.max(name.lastIndexOf("/"), name.lastIndexOf("."));
  const service: DescService | undefined = registry.getService(name.slice(0, Math.max(0, cut)));
  return service?.methods.find((method) => method.name === name.slice(cut + 1));
}
