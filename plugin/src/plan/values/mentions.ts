import type { MethodRule, ServiceRule } from "../../source/annotations.js";
import { fieldRule, messageRule } from "../../source/annotations.js";
import type { Message } from "../../source/model.js";

/** Whether the annotations of a message read the message around it. */
export function mentionsParent(message: Message): boolean {
  const rule = message.desc === undefined ? undefined : messageRule(message.desc);
  const texts = (rule?.join ?? []).flatMap(({ key, when, set }) => [...key, when, ...set]);
  for (const { desc } of message.fields) {
    const said = desc === undefined ? undefined : fieldRule(desc);
    if (said !== undefined) texts.push(...said.from, said.key, said.when, ...said.reads);
  }
  return texts.some((text) => /\bparent\b/.test(text));
}

/** All texts of an annotation, however deep: expressions are among them. */
export function textsOf(rule: MethodRule | ServiceRule): string[] {
  const texts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "object" && value !== null)
      for (const part of Object.values(value)) visit(part);
  };
  visit(rule);
  return texts;
}

/**
 * The fields of the public request that annotations of a response, and of all messages in it, mention as "request.name",
 * and those whose names the `texts` or a `set` of the request mention, since there they stand bare: whether what they are
 * part of is right or not, the field is there for them.
 */
export function requestNamesIn(
  request: Message,
  response: Message,
  texts: readonly string[],
): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<Message>();
  const visit = (message: Message): void => {
    if (seen.has(message)) return;
    seen.add(message);
    const rule = message.desc === undefined ? undefined : messageRule(message.desc);
    for (const { key, set, when } of rule?.join ?? []) for (const text of [...key, ...set, when]) note(text);
    for (const load of rule?.load ?? []) for (const text of load.set) note(text);
    for (const field of message.fields) {
      const said = field.desc === undefined ? undefined : fieldRule(field.desc);
      for (const text of [...(said?.from ?? []), ...(said?.reads ?? [])]) note(text);
      for (const text of [said?.key, said?.when, said?.allow?.when]) note(text ?? "");
      if (field.type.kind === "message") visit(field.type.message);
    }
  };
  const note = (text: string): void => {
    for (const [, name] of text.matchAll(/\brequest\s*\.\s*(\w+)/g)) names.add(name!);
  };
  visit(response);
  const sets = request.desc === undefined ? [] : (messageRule(request.desc)?.set ?? []);
  for (const text of [...texts, ...sets]) for (const [name] of text.matchAll(/\w+/g)) names.add(name);
  return names;
}
