import type { FieldPlan, FieldPolicyPlan, JoinPlan, Translator } from "../../plugin/src/plan/types.js";
import { readsOf, translatorsOf, within } from "./plans.js";
import { isWanted, type Wanted } from "./read-mask.js";
import type { Site } from "./sites.js";

/** What the caller gets to see. */
export interface Seen {
  readonly may: (policy: FieldPolicyPlan) => boolean;
  readonly wanted: Wanted;
  readonly site: Site;
  readonly response: Translator;
}

/** The joins of a message that have to run, each after those that its key reads; without `seen`: for any caller. */
export function joinsToRun(owner: Translator, seen?: Seen): JoinPlan[] {
  return owner.joins.filter((join) => isNeeded(owner, join, seen));
}

function isNeeded(owner: Translator, join: JoinPlan, seen: Seen | undefined): boolean {
  const joins = withReaders(owner, join);
  // What there is never depends on who sees it.
  if (joins.some((one) => decides(owner, one))) return true;
  const users = withFinishers(
    owner,
    owner.fields.filter((field) =>
      readsOf(field).some(({ root }) => root.kind === "join" && joins.includes(root.join)),
    ),
  );
  if (seen === undefined) return users.length > 0;
  const admitted = users.filter(({ allow }) => allow === undefined || seen.may(allow));
  const places = seen.site.places(owner);
  if (seen.wanted === undefined || places === undefined || places.length === 0 || users.some(hangsMore))
    return admitted.length > 0;
  const paths = (field: FieldPlan) => places.map((path) => [...path, field.target[0]!.name]);
  const readers = (field: FieldPlan) => paths(field).flatMap((path) => readersOn(seen.response, path));
  if (seen.site.isInside && users.some((field) => readers(field).length > 0)) return admitted.length > 0;
  return admitted.some((field) =>
    [...paths(field), ...readers(field)].some((path) => isWanted(seen.wanted, path)),
  );
}

/** The paths of the fields that read, by `this`, a field on the way to another. */
function readersOn(response: Translator, path: readonly string[]): string[][] {
  let here: readonly Translator[] = [response];
  return path.flatMap((name, depth) => {
    const found = here.flatMap((translator) => {
      const named = translator.fields.filter(({ target }) => target[0]!.name === name);
      return withFinishers(translator, named).filter((field) => !named.includes(field));
    });
    here = here.flatMap(({ fields }) =>
      fields
        .filter(({ target }) => target[0]!.name === name)
        .flatMap(({ conversion }) => translatorsOf(conversion)),
    );
    return found.map(({ target }) => [...path.slice(0, depth), target[0]!.name]);
  });
}

/** A join, and those that need what it finds. */
function withReaders({ joins }: Translator, join: JoinPlan): JoinPlan[] {
  const readers = joins.filter((other) => other.after.includes(join));
  return [join, ...readers.flatMap((reader) => withReaders({ joins } as Translator, reader))];
}

/** Fields, and those that read them by `this`. */
function withFinishers(owner: Translator, fields: readonly FieldPlan[]): FieldPlan[] {
  const names = new Set(fields.map(({ target }) => target[0]!.name));
  const all = owner.fields.filter(
    (field) =>
      fields.includes(field) ||
      readsOf(field).some(
        ({ root, path }) => root.kind === "this" && (path.length === 0 || names.has(path[0]!.name)),
      ),
  );
  return all.length === fields.length ? all : withFinishers(owner, all);
}

function decides({ ensured }: Translator, join: JoinPlan): boolean {
  const { onMissing, onError } = join;
  return (
    ensured?.has(join) === true || onMissing !== "empty" || onError.some(({ outcome }) => outcome === "drop")
  );
}

/** Whether more hangs on a field than its own value: another member of its oneof, or the whole response. */
function hangsMore({ target, conversion }: FieldPlan): boolean {
  const inside = translatorsOf(conversion).flatMap((inner) => [...within(inner)]);
  return (
    target[0]!.oneof !== undefined ||
    target[0]!.presence === "required" ||
    inside.some(({ joins }) => joins.some(({ onMissing }) => onMissing === "fail"))
  );
}
