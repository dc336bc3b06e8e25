import { fieldRule, messageRule } from "../../source/annotations.js";
import { type Field, type Message, messageOf } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import { suggestion } from "../names.js";
import type { Translator } from "../types.js";
import type { Translators } from "./translators.js";

/** The translators of the messages that an Any may hold. */
export function planAny(
  translators: Translators,
  any: readonly string[],
  owner: Translator,
  target: Field,
  scope: MethodScope,
  place: Place,
): readonly Translator[] | undefined {
  const { context } = translators;
  if (any.length === 0) {
    reportAnything(context, target.name, place);
    return undefined;
  }
  const types: Translator[] = [];
  any.forEach((name, index) => {
    const said: Place =
      target.desc === undefined || fieldRule(target.desc)?.any[index] !== name
        ? place
        : { element: target.desc, path: ["any", index] };
    const message = allowedMessage(translators, name, target.name, said);
    if (message === undefined) return;
    const desc = message.desc!;
    const sourceName = messageRule(desc)?.source ?? "";
    const source =
      sourceName === ""
        ? context.isShared(message.file)
          ? desc
          : undefined
        : context.registry.getMessage(sourceName);
    if (source === undefined) {
      context.report(
        "any-type",
        said,
        `it is not said which internal message ${name} is made from`,
        'say it in the message: `option (portico.v1.message).source = "package.Message"`',
      );
      return;
    }
    const made =
      owner.direction === "response"
        ? translators.response(message, messageOf(source), scope, any)
        : translators.request(messageOf(source), message, scope, any);
    if (made !== undefined) types.push(made);
  });
  return types.length === any.length ? types : undefined;
}

/** Reports an Any without a list of what it may hold. */
export function reportAnything(context: Context, field: string, place: Place): void {
  context.report(
    "any-type",
    place,
    `"${field}" can hold a message of any type`,
    'list the public messages that it may hold: `any: "package.Message"`',
  );
}

/** A public message that an Any may hold, by its name; reports where it is none. */
export function allowedMessage(
  { context, exposure }: Translators,
  name: string,
  field: string,
  place: Place,
): Message | undefined {
  const desc = context.registry.getMessage(name);
  if (desc === undefined) {
    context.report(
      "type-unknown",
      place,
      `no message "${name}" in the workspace`,
      suggestion(name, messageNames(context), "write its full name"),
    );
    return undefined;
  }
  const message = messageOf(desc);
  if (!exposure.isInternalFile(message.file)) return message;
  context.report(
    "message-internal",
    place,
    `"${field}" would hold the internal ${name}`,
    "list a public message, with `source` to say what it is made from",
  );
  return undefined;
}

/** The full names of all messages. */
export function messageNames(context: Context): string[] {
  const names: string[] = [];
  for (const type of context.registry) if (type.kind === "message") names.push(type.typeName);
  return names;
}
