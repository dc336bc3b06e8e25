import type { DescMethod } from "@bufbuild/protobuf";
import { fieldRule, methodRule, serviceRule } from "../../source/annotations.js";
import { type Message, messageOf } from "../../source/model.js";
import type { Context } from "../context.js";

/** The messages that public methods take, and those that they answer with, with all that is in them. */
export interface Directions {
  readonly request: ReadonlySet<Message>;
  readonly response: ReadonlySet<Message>;
  /** Those of the responses that are made from what is called, and not by a resolver of a method alone. */
  readonly mapped: ReadonlySet<Message>;
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
    directions = {
      request: reach(context, methods, "input"),
      response: reach(context, methods, "output"),
      mapped: reach(context, mapped, "output"),
    };
    known.set(context, directions);
  }
  return directions;
}

function reach(context: Context, methods: readonly DescMethod[], aspect: "input" | "output"): Set<Message> {
  const found = new Set(methods.map((method) => messageOf(method[aspect])));
  for (const message of found) {
    for (const field of message.fields) {
      if (field.type.kind === "message") found.add(field.type.message);
      for (const name of (field.desc === undefined ? undefined : fieldRule(field.desc))?.any ?? []) {
        const held = context.registry.getMessage(name);
        if (held !== undefined) found.add(messageOf(held));
      }
    }
  }
  return found;
}
