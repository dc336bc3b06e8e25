import { fieldRule, messageRule } from "../../source/annotations.js";
import { type Field, messageOf } from "../../source/model.js";
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
    context.report(
      "any-type",
      place,
      `"${target.name}" can hold a message of any type`,
      'list the public messages that it may hold: `any: "package.Message"`',
    );
    return undefined;
  }
  const types: Translator[] = [];
  any.forEach((name, index) => {
    const said: Place =
      target.desc === undefined || fieldRule(target.desc)?.any[index] !== name
        ? place
        : { element: target.desc, path: ["any", index] };
    const desc = context.registry.getMessage(name);
    if (desc === undefined) {
      context.report(
        "type-unknown",
        said,
        `no message "${name}" in the workspace`,
        suggestion(name, messageNames(context), "write its full name"),
      );
      return;
    }
    const message = messageOf(desc);
    if (translators.exposure.isInternalFile(message.file)) {
      context.report(
        "message-internal",
        said,
        `"${target.name}" would hold the internal ${name}`,
        "list a public message, with `source` to say what it is made from",
      );
      return;
    }
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

/** The full names of all messages. */
export function messageNames(context: Context): string[] {
  const names: string[] = [];
  for (const type of context.registry) if (type.kind === "message") names.push(type.typeName);
  return names;
}
