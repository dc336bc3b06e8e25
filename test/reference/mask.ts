import type { DescMessage } from "@bufbuild/protobuf";
import type { ReflectList, ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { FieldPlan, Translator } from "../../plugin/src/plan/types.js";
import type { Field, Message } from "../../plugin/src/source/model.js";
import { Malformed } from "./cursor.js";
import { empty } from "./object.js";
import { checkText } from "./scalar.js";

// Paths of recursive messages have no end: a type stands at most so often on the way to a field.
const MAX_TURNS = 2;

/** A FieldMask of the message that the subject reads, as one of what it writes. */
export function translateMask(mask: ReflectMessage, to: DescMessage, subject: Translator): ReflectMessage {
  const result = empty(to);
  for (const path of mask.get(mask.desc.fields[0]!) as ReflectList) {
    const text = checkText(path as string);
    const goals = text === "*" ? [{ paths: allOf(subject, []) }] : goalsOf(subject, text.split("."), []);
    const paths = new Set(goals.flatMap((goal) => goal.paths));
    // A path that comes to nothing must not make the mask an empty one, which stands for all fields.
    if (paths.size === 0) throw new Malformed("unknown path in a field mask");
    for (const goal of paths) (result.get(to.fields[0]!) as ReflectList).add(goal as never);
  }
  return result;
}

/** The fields of the client's message that a path names, leads through, or leads past; none where it leads nowhere. */
export function fieldsMasked(path: string, subject: Translator): Field[] {
  return path === "*" ? fieldsWithin(subject, new Set()) : fieldsAlong(subject, path.split("."), []);
}

function fieldsAlong(subject: Translator, names: readonly string[], above: readonly Translator[]): Field[] {
  const here = [...above, subject];
  return clientsFields(subject).flatMap((plan): Field[] => {
    const { path } = plan.value;
    if (!path.every(({ name }, i) => names[i] === name)) return [];
    const rest = names.slice(path.length);
    const inner = translatorsIn(plan.conversion);
    if (rest.length === 0)
      return writtenBy(plan, here).length === 0
        ? []
        : [...path, ...inner.flatMap((one) => fieldsWithin(one, new Set()))];
    const { conversion } = plan;
    const isSingular = path.at(-1)!.cardinality === "singular";
    if (conversion.kind !== "message" || !isSingular || !mayEnter(conversion.translator, here)) return [];
    const along = fieldsAlong(conversion.translator, rest, here);
    return along.length === 0 ? [] : [...path, ...along];
  });
}

/** All fields that a client can give of a message. */
function fieldsWithin(translator: Translator, seen: Set<Translator>): Field[] {
  if (seen.has(translator)) return [];
  seen.add(translator);
  return clientsFields(translator).flatMap(({ value, conversion }) => [
    ...value.path,
    ...translatorsIn(conversion).flatMap((inner) => fieldsWithin(inner, seen)),
  ]);
}

function translatorsIn(conversion: FieldPlan["conversion"]): readonly Translator[] {
  if (conversion.kind === "message") return [conversion.translator];
  if (conversion.kind === "map") return translatorsIn(conversion.value);
  return conversion.kind === "any" ? conversion.types : [];
}

interface Goal {
  readonly paths: string[];
}

/** What the field at a path of names becomes. */
function goalsOf(subject: Translator, names: readonly string[], above: readonly Translator[]): Goal[] {
  const here = [...above, subject];
  return clientsFields(subject).flatMap((plan): Goal[] => {
    const path = plan.value.path.map((field) => field.name);
    if (!path.every((name, i) => names[i] === name)) return [];
    const rest = names.slice(path.length);
    if (rest.length === 0) return [{ paths: writtenBy(plan, here) }];
    const { conversion } = plan;
    const isSingular = plan.value.path.at(-1)!.cardinality === "singular";
    if (conversion.kind !== "message" || !isSingular || !mayEnter(conversion.translator, here)) return [];
    return goalsOf(conversion.translator, rest, here).map((goal) => ({
      paths: goal.paths.map((inner) => `${nameOf(plan)}.${inner}`),
    }));
  });
}

/** All that a translator writes. */
function allOf(translator: Translator, above: readonly Translator[]): string[] {
  return clientsFields(translator).flatMap((plan) => writtenBy(plan, [...above, translator]));
}

/** The field, or, of a message of which a part is public, the fields of that part; nothing of lists of such messages. */
function writtenBy(plan: FieldPlan, above: readonly Translator[]): string[] {
  const conversion = plan.conversion.kind === "map" ? plan.conversion.value : plan.conversion;
  if (conversion.kind !== "message" || writesAll(conversion.translator, [])) return [nameOf(plan)];
  if (plan.target.at(-1)!.cardinality !== "singular" || !mayEnter(conversion.translator, above)) return [];
  return allOf(conversion.translator, above).map((inner) => `${nameOf(plan)}.${inner}`);
}

function mayEnter(translator: Translator, above: readonly Translator[]): boolean {
  return above.filter((other) => other === translator).length < MAX_TURNS;
}

/** The fields that the client's message gives: not those of a `set`. */
function clientsFields({ fields }: Translator): FieldPlan[] {
  return fields.filter(({ value }) => value.root.kind === "source" && value.path.length > 0);
}

function nameOf({ target }: FieldPlan): string {
  return target.map((field) => field.name).join(".");
}

/** Whether a client can write every field of the target, at every depth. */
function writesAll(translator: Translator, seen: readonly Translator[]): boolean {
  if (seen.includes(translator)) return true;
  const plans = clientsFields(translator);
  const isWritten = (message: Message, before: readonly Field[]): boolean =>
    message.fields.every((field) => {
      const path = [...before, field];
      const plan = plans.find(
        ({ target }) => target.length === path.length && path.every((f, i) => f === target[i]),
      );
      if (plan !== undefined) {
        const { conversion } = plan;
        return conversion.kind !== "message" || writesAll(conversion.translator, [...seen, translator]);
      }
      const isAround = plans.some(({ target }) => path.every((f, i) => f === target[i]));
      return isAround && field.type.kind === "message" && isWritten(field.type.message, path);
    });
  return isWritten(translator.target, []);
}
