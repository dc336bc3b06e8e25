import { fieldsWithin } from "../../plan/policy/field-policy.js";
import type { AnyMessages, MethodPlan } from "../../plan/types.js";
import type { Field, Message } from "../../source/model.js";

/** The Anys in a request to be looked at: those that may hold a message with guarded fields, or all if functions read them. */
export function checkedAnys({ anys, guards, isReadByHand }: MethodPlan): AnyMessages {
  if (isReadByHand) return anys;
  const found = new Map<Field, ReadonlySet<Message>>();
  // Of Anys in Anys, those further in come first to be known.
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [field, messages] of anys) {
      const within = [...messages].flatMap(fieldsWithin);
      if (within.some((one) => guards.has(one) || found.has(one))) found.set(field, messages);
    }
  }
  return found;
}

/** Whether a message, or one in it, has one of some Anys: all its pieces have to be there before that can be looked at. */
export function holdsAny(message: Message, anys: AnyMessages): boolean {
  return anys.size > 0 && fieldsWithin(message).some((field) => anys.has(field));
}
