import { fieldRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import { isAny } from "../../source/shapes.js";
import type { Context, Place } from "../context.js";
import { fieldsWithin } from "../policy/field-policy.js";
import type { AnyMessages } from "../types.js";
import { allowedMessage, reportAnything } from "./any-types.js";
import type { Translators } from "./translators.js";

/**
 * What the Anys of a request may hold that hand-written functions read: also those that no call is given. `known` are those
 * that calls are given.
 */
export function resolverAnys(translators: Translators, request: Message, known: AnyMessages): AnyMessages {
  const found = new Map([...known].map(([field, messages]) => [field, new Set(messages)]));
  const seen = new Set<string>();
  const visit = (message: Message, said: Said | undefined): void => {
    const key = `${message.typeName} ${said?.any.join()}`;
    if (seen.has(key)) return;
    seen.add(key);
    for (const field of message.fields) {
      if (field.type.kind !== "message") continue;
      const here = saidBy(translators.context, field) ?? said;
      if (!isAny(field)) visit(field.type.message, here);
      else if (!known.has(field)) for (const inner of listed(translators, field, here)) add(field, inner);
    }
  };
  const add = (field: Field, message: Message): void => {
    found.set(field, (found.get(field) ?? new Set()).add(message));
    visit(message, undefined);
  };
  visit(request, undefined);
  for (const messages of known.values()) for (const message of messages) visit(message, undefined);
  return found;
}

/** The list that holds for a field and for what is in it, where that is a message of Google's. */
interface Said {
  readonly field: Field;
  readonly any: readonly string[];
}

function saidBy(context: Context, field: Field): Said | undefined {
  if (field.desc === undefined || context.isShared(field.parent.file)) return undefined;
  return { field, any: fieldRule(field.desc)?.any ?? [] };
}

function listed(translators: Translators, any: Field, said: Said | undefined): Message[] {
  const field = said?.field ?? any;
  const place: Place = { element: field.desc ?? field.parent.desc! };
  if (said === undefined || said.any.length === 0) reportAnything(translators.context, field.name, place);
  return (said?.any ?? []).flatMap(
    (name, index) => allowedMessage(translators, name, field.name, { ...place, path: ["any", index] }) ?? [],
  );
}

/** Reports an Any in what a function makes: nothing is made from the messages that it lists, so nobody knows what is in it. */
export function checkMadeAnys(context: Context, fields: readonly Field[], place: Place): boolean {
  const inside = fields.flatMap(({ type }) => (type.kind === "message" ? fieldsWithin(type.message) : []));
  const any = [...fields, ...inside].find(isAny);
  if (any === undefined) return true;
  context.report(
    "any-type",
    place,
    `"${any.name}" can hold a message of any type: nobody looks at what a function puts there`,
    "give it a type of its own, such as a message with a oneof of those that it may hold",
  );
  return false;
}
