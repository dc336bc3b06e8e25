import type { Field, Message } from "../../source/model.js";
import type { AnyMessages, CallPlan, Conversion, Translator } from "../types.js";
import { eachTranslator } from "../walk.js";

/** Finds what the Anys of a public request may hold, where the request is translated: for calls, and for what joins of the response carry. */
export function anyMessages(calls: readonly CallPlan[], response: Translator | undefined): AnyMessages {
  const found = new Map<Field, Set<Message>>();
  const noteField = (field: Field | undefined, conversion: Conversion): void => {
    if (conversion.kind === "map") noteField(conversion.from, conversion.value);
    if (conversion.kind !== "any" || field === undefined) return;
    const messages = found.get(field) ?? new Set();
    found.set(field, messages);
    for (const { source } of conversion.types) if (source !== undefined) messages.add(source);
  };
  const note = ({ direction, fields }: Translator): void => {
    if (direction === "response") return;
    for (const { value, conversion } of fields) noteField(value.path.at(-1), conversion);
  };
  for (const { request, nextRequest } of calls) {
    eachTranslator(request, note);
    if (nextRequest !== undefined) eachTranslator(nextRequest, note);
  }
  if (response !== undefined) eachTranslator(response, note);
  return found;
}
