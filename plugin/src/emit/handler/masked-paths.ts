import type { Place } from "../../plan/budget/places.js";
import type { FieldPlan, Translator } from "../../plan/types.js";
import { eachTranslator, readsOfField, translatorsIn } from "../../plan/walk.js";

/** The rows of a join in a method with a read mask. */
export interface MaskedRows {
  /** What holds the mask. */
  readonly variable: string;
  /** Of the whole response. */
  readonly response: Translator;
  /** Where the message of the join stands. */
  readonly places: readonly Place[];
  /** Whether it is in what other joins find. */
  readonly isInside: boolean;
}

/**
 * The paths of the public response for which each of these fields has to be there: its own, and those of fields that are made
 * from it by `this`. Undefined: the join decides about more than it shows, or it is not known for certain what that is.
 */
export function maskedPaths(
  { response, places, isInside }: MaskedRows,
  fields: readonly FieldPlan[],
): ReadonlyMap<FieldPlan, readonly string[]> | undefined {
  if (places.length === 0 || places.some(({ isEndless }) => isEndless)) return undefined;
  if (fields.some(decides)) return undefined;
  const paths = new Map<FieldPlan, string[]>();
  for (const field of fields) {
    const all: string[] = [];
    for (const { path } of places) {
      const steps = [...path, field.target[0]!].map(({ name }) => name);
      const readers = readersOn(response, steps);
      if (isInside && readers.length > 0) return undefined;
      all.push(steps.join("."), ...readers);
    }
    paths.set(field, all);
  }
  return paths;
}

/** Whether more hangs on a field than its own value: another member of its oneof, the message, the whole response. */
function decides({ target, conversion }: FieldPlan): boolean {
  const [field] = target;
  if (field!.oneof !== undefined || field!.presence === "required") return true;
  let fails = false;
  for (const inner of translatorsIn(conversion))
    eachTranslator(inner, ({ joins }) => {
      if (joins.some(({ onMissing }) => onMissing === "fail")) fails = true;
    });
  return fails;
}

/** The paths of the fields that read, by `this`, a field on the way. */
function readersOn(response: Translator, steps: readonly string[]): string[] {
  const found: string[] = [];
  let here: readonly Translator[] = [response];
  steps.forEach((step, depth) => {
    const prefix = steps.slice(0, depth);
    for (const name of readersOf(here, step)) found.push([...prefix, name].join("."));
    here = here.flatMap(({ fields }) =>
      fields
        .filter(({ target }) => target[0]!.name === step)
        .flatMap(({ conversion }) => translatorsIn(conversion)),
    );
  });
  return found;
}

/** The fields of a message that read another one of it, themselves or through others. */
function readersOf(translators: readonly Translator[], name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (read: string): void => {
    for (const { fields } of translators) {
      for (const field of fields) {
        const reader = field.target[0]!.name;
        const reads = readsOfField(field).some(
          ({ root, path }) => root.kind === "this" && (path.length === 0 || path[0]!.name === read),
        );
        if (!reads || found.has(reader)) continue;
        found.add(reader);
        visit(reader);
      }
    }
  };
  visit(name);
  return found;
}
