import type { DescFile, DescMessage, DescMethod, FileRegistry } from "@bufbuild/protobuf";
import {
  fieldRule,
  type MethodRule,
  messageRule,
  methodRule,
  serviceRule,
} from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import type { Context, Place } from "../context.js";

const FIX = "declare a public type of its own, with what clients may see";

/** Sees that no type of an internal file stands in the public API: it would put an internal package into clients. */
export class Exposure {
  readonly #files: ReadonlySet<DescFile>;
  readonly #seen = new Set<Message>();

  constructor(readonly context: Context) {
    this.#files = internalFiles(context.registry);
  }

  /** Whether a field is of an internal type. */
  isInternal(field: Field): boolean {
    return this.#internalType(field) !== undefined;
  }

  isInternalFile(file: DescFile): boolean {
    return this.#files.has(file) && !this.context.isShared(file);
  }

  /** Reports the internal types in what a public method takes and answers; false if these are internal themselves. */
  checkMethod(method: DescMethod): boolean {
    let fine = true;
    for (const aspect of ["input", "output"] as const) {
      const message = messageOf(method[aspect]);
      if (this.isInternalFile(message.file)) {
        fine = false;
        const what = aspect === "input" ? "takes" : "answers with";
        this.#report({ element: method, aspect }, `${method.name} ${what} the internal ${message.typeName}`);
      } else this.#checkMessage(message);
    }
    return fine;
  }

  #checkMessage(message: Message): void {
    if (this.#seen.has(message) || this.context.isShared(message.file)) return;
    this.#seen.add(message);
    for (const field of message.fields) {
      const name = this.#internalType(field);
      if (name !== undefined) {
        // The type of a map stands nowhere by itself.
        const aspect = field.cardinality === "map" ? "name" : "type";
        this.#report({ element: field.desc!, aspect }, `"${field.name}" has the internal type ${name}`);
        continue;
      }
      const { type } = valueField(field);
      if (type.kind === "message") this.#checkMessage(type.message);
    }
  }

  #report(place: Place, message: string): void {
    this.context.report("message-internal", place, message, FIX);
  }

  #internalType(field: Field): string | undefined {
    const { type } = valueField(field);
    if (type.kind === "scalar") return undefined;
    const desc = type.kind === "enum" ? type.enum : type.message;
    return this.isInternalFile(desc.file) ? desc.typeName : undefined;
  }
}

/** A field, or the value of a map. */
function valueField(field: Field): Field {
  return field.cardinality === "map" && field.type.kind === "message" ? field.type.message.fields[1]! : field;
}

/** The services that annotations name, as they are written there. */
export function namedServices(registry: FileRegistry): ReadonlySet<string> {
  const named = new Set<string>();
  const open = new Set<string>();
  const note = (method: string) => {
    const slash = method.lastIndexOf("/");
    if (slash > 0) named.add(method.slice(0, slash));
  };
  const visitMessage = (message: DescMessage): void => {
    const rule = messageRule(message);
    for (const join of rule?.join ?? []) note(join.method);
    for (const load of rule?.load ?? []) note(load.method);
    for (const field of message.fields) for (const method of fieldRule(field)?.mayCall ?? []) note(method);
    for (const nested of message.nestedMessages) visitMessage(nested);
  };
  for (const file of registry.files) {
    for (const service of file.services) {
      // One that names a public service has its finding there.
      if (serviceRule(service) !== undefined) open.add(service.typeName);
      named.add(serviceRule(service)?.from ?? "");
      for (const method of service.methods) for (const name of calledBy(methodRule(method))) note(name);
    }
    for (const message of file.messages) visitMessage(message);
  }
  for (const name of open) named.delete(name);
  return named;
}

/** What a method calls, or may call. */
function calledBy(rule: MethodRule | undefined): string[] {
  return rule === undefined ? [] : [...rule.call.map(({ method }) => method), ...rule.mayCall];
}

/** The files of the services that annotations name, and all that these files import: what clients must not see. */
function internalFiles(registry: FileRegistry): ReadonlySet<DescFile> {
  const files = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const dependency of file.dependencies) add(dependency);
  };
  for (const name of namedServices(registry)) {
    const service = registry.getService(name);
    if (service !== undefined) add(service.file);
  }
  return files;
}
