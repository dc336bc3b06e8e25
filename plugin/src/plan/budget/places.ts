import type { Field } from "../../source/model.js";
import type { CallPlan, FieldPlan, JoinPlan, Translator, Value } from "../types.js";
import { hasOwnWalk, neededJoins, translatorsIn } from "../walk.js";

/** Where a message stands that carries a join. */
export interface Place {
  readonly owner: Translator;
  /** In the public response. */
  readonly path: readonly Field[];
  /** The most of it that there can be. */
  readonly rows: number;
  /** The calls that say how many there are. */
  readonly calls: ReadonlySet<CallPlan>;
  /** Whether there are more places than those that are listed. */
  readonly isEndless?: boolean;
}

/** The joins of a walk, in the order of the walk. */
export type Places = ReadonlyMap<JoinPlan, readonly Place[]>;

/** A message that stands in more places than this is not followed further: nobody would read them all. */
const MAX_PLACES = 8;

/** The joins in a response, without those on rows that joins find, and where they stand. */
export function placesIn(response: Translator, source: CallPlan | undefined): Places {
  const walk = new Walk();
  const calls = new Set(source === undefined ? [] : [source]);
  walk.enter(response, { path: [], rows: 1, calls, list: source?.maxRows ?? Number.POSITIVE_INFINITY });
  return walk.finish();
}

/** The joins on the rows that a join finds: for each field that is made from them, those in its messages. */
export function placesInside(join: JoinPlan, owners: readonly Place[]): readonly Places[] {
  const { lookup, keyList, use } = join;
  const fields = owners.length === 0 ? [] : fieldsFrom(join, owners[0]!.owner);
  return fields.flatMap((field) => {
    const walk = new Walk();
    for (const { path, rows, calls } of owners) {
      const found =
        use === "many" ? lookup.maxRows : Math.min(keyList ? lookup.maxKeys : rows, lookup.maxKeys);
      const here = { path, rows: found, calls, list: Number.POSITIVE_INFINITY };
      for (const inner of translatorsIn(field.conversion)) walk.enter(inner, stepInto(here, field));
    }
    const found = walk.finish();
    if (found.size === 0) return [];
    // Where there are more rows than those that are listed, there is more in them.
    return [owners.some(({ isEndless }) => isEndless) ? endless(found) : found];
  });
}

function endless(found: Places): Places {
  const entries = [...found].map(
    ([join, places]) => [join, places.map((place) => ({ ...place, isEndless: true }))] as const,
  );
  return new Map(entries);
}

/** The fields that a join feeds, whose rows are walked by themselves. */
export function fieldsFrom(join: JoinPlan, owner: Translator): readonly FieldPlan[] {
  return owner.fields.filter(
    (field) => hasOwnWalk(field) && field.value.root.kind === "join" && field.value.root.join === join,
  );
}

/** The parts of a join's key, as paths from the public response: of the row, then in what the row is made from. */
export function keyNames(join: JoinPlan, place: Place): string[] {
  const names = (path: readonly Field[]) => path.map((field) => field.name);
  const nameOf = ({ root, path }: Value): string[] => {
    switch (root.kind) {
      case "source":
        return [...names(place.path), ...names(path)];
      case "join":
        return [...names(place.path), root.join.name, ...names(path)];
      case "call":
        return [root.call.name, ...names(path)];
      case "expression":
        return [...names(place.path), `(${root.expression.text})`];
      default:
        return [root.kind, ...names(path)];
    }
  };
  return join.key.map((value) => nameOf(value).join("."));
}

interface Here extends Omit<Place, "owner"> {
  /** The most elements that a list in it can have, in all rows together. */
  readonly list: number;
}

/** What a field makes of the message that it stands in. */
function stepInto(here: Here, { target, value, inWalk }: FieldPlan): Here {
  const { root, path } = value;
  const isList = path.some((field) => field.cardinality !== "singular");
  const all = [...here.path, ...target];
  // An expression makes as many as it likes.
  if (root.kind === "expression") return { ...here, path: all, rows: Number.POSITIVE_INFINITY };
  // Of rows that are walked as often as they are found, there is no telling.
  if (inWalk && root.kind === "join" && (root.join.use === "many" || isList))
    return { ...here, path: all, rows: Number.POSITIVE_INFINITY, list: Number.POSITIVE_INFINITY };
  if (root.kind !== "call") return { ...here, path: all, rows: isList ? here.list : here.rows };
  const list = here.rows * root.call.maxRows;
  return { path: all, rows: isList ? list : here.rows, calls: new Set([...here.calls, root.call]), list };
}

class Walk {
  readonly #found = new Map<JoinPlan, Place[]>();
  readonly #visits = new Map<Translator, number>();
  readonly #stack = new Set<Translator>();
  /** Not followed to the end: there can be any number of what is in them. */
  readonly #cut = new Set<Translator>();

  enter(translator: Translator, here: Here): void {
    const visits = this.#visits.get(translator) ?? 0;
    if (visits >= MAX_PLACES || this.#stack.has(translator)) {
      this.#cut.add(translator);
      return;
    }
    this.#visits.set(translator, visits + 1);
    this.#stack.add(translator);
    const needed = neededJoins(translator);
    const { path, rows, calls } = here;
    for (const join of translator.joins) {
      if (!needed.has(join)) continue;
      const places = this.#found.get(join);
      const place = { owner: translator, path, rows, calls };
      if (places === undefined) this.#found.set(join, [place]);
      else places.push(place);
    }
    for (const field of translator.fields) {
      if (hasOwnWalk(field)) continue;
      for (const inner of translatorsIn(field.conversion)) this.enter(inner, stepInto(here, field));
    }
    this.#stack.delete(translator);
  }

  finish(): Places {
    const many = new Set<Translator>();
    const note = (translator: Translator): void => {
      if (many.has(translator)) return;
      many.add(translator);
      for (const field of translator.fields)
        if (!hasOwnWalk(field)) for (const inner of translatorsIn(field.conversion)) note(inner);
    };
    for (const translator of this.#cut) note(translator);
    for (const [join, places] of this.#found) {
      if (!places.some(({ owner }) => many.has(owner))) continue;
      this.#found.set(
        join,
        places.map((place) => ({ ...place, rows: Number.POSITIVE_INFINITY, isEndless: true })),
      );
    }
    return this.#found;
  }
}
