import type { DescMethod } from "@bufbuild/protobuf";
import { fieldRule, methodRule, serviceRule } from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import type { Context } from "../context.js";

/** The messages that public methods take, and those that they answer with, with all that is in them. */
export interface Directions {
  readonly request: ReadonlySet<Message>;
  readonly response: ReadonlySet<Message>;
  /** Those of the responses that are made from what is called, and not by resolvers alone. */
  readonly mapped: ReadonlySet<Message>;
  /** Full names of the enums whose values functions alone make. */
  readonly madeEnums: ReadonlySet<string>;
}

const known = new WeakMap<Context, Directions>();

export function directionsOf(context: Context): Directions {
  let directions = known.get(context);
  if (directions === undefined) {
    const methods = [...context.registry.files]
      .flatMap((file) => file.services)
      .filter((service) => serviceRule(service) !== undefined || service.methods.some(methodRule))
      .flatMap((service) => service.methods);
    const mapped = methods.filter((method) => (methodRule(method)?.resolver ?? "") === "");
    const request = reach(context, methods, "input", () => true);
    const response = reach(context, methods, "output", () => true);
    const made = reach(context, mapped, "output", isMapped);
    const enums = new Set([...response].flatMap(({ fields }) => enumsOf(fields)));
    for (const { fields } of request) for (const name of enumsOf(fields)) enums.delete(name);
    for (const { fields } of made) for (const name of enumsOf(fields.filter(isMapped))) enums.delete(name);
    directions = { request, response, mapped: made, madeEnums: enums };
    known.set(context, directions);
  }
  return directions;
}

/** Whether the field is made from what is called, and not by a function. */
function isMapped({ desc }: Field): boolean {
  return desc === undefined || (fieldRule(desc)?.resolver ?? "") === "";
}

function enumsOf(fields: readonly Field[]): string[] {
  return fields.flatMap(({ type }) => (type.kind === "enum" ? [type.enum.typeName] : []));
}

function reach(
  context: Context,
  methods: readonly DescMethod[],
  aspect: "input" | "output",
  isFollowed: (field: Field) => boolean,
): Set<Message> {
  const found = new Set(methods.map((method) => messageOf(method[aspect])));
  for (const message of found) {
    for (const field of message.fields.filter(isFollowed)) {
      if (field.type.kind === "message") found.add(field.type.message);
      for (const name of (field.desc === undefined ? undefined : fieldRule(field.desc))?.any ?? []) {
        const held = context.registry.getMessage(name);
        if (held !== undefined) found.add(messageOf(held));
      }
    }
  }
  return found;
}
