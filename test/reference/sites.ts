import type { FieldPlan, JoinPlan, Translator } from "../../plugin/src/plan/types.js";
import { translatorsOf } from "./plans.js";

/** The paths at which a message stands in a response; undefined: there are more than anybody would list. */
export type Paths = ReadonlyArray<readonly string[]> | undefined;

/** A message that stands at more places than this is taken to stand anywhere. */
const MAX_PLACES = 8;

/**
 * What is gathered in one walk: the response, or what one field makes of the rows of a join. Says where its messages stand
 * in the response.
 */
export class Site {
  readonly #paths = new Map<Translator, string[][]>();
  readonly #anywhere = new Set<Translator>();
  readonly #inside = new Map<JoinPlan, Map<FieldPlan, Site>>();

  constructor(
    starts: ReadonlyArray<readonly [Translator, readonly string[]]>,
    /** Whether it is in what a join finds. */
    readonly isInside: boolean,
  ) {
    for (const [translator, path] of starts) this.#note(translator, path, []);
  }

  /** Where the messages that a translator writes stand. */
  places(translator: Translator): Paths {
    return this.#anywhere.has(translator) ? undefined : (this.#paths.get(translator) ?? []);
  }

  /** What a field of `owner` makes of the rows of a join. */
  inside(owner: Translator, join: JoinPlan, field: FieldPlan): Site {
    const sites = this.#inside.get(join) ?? new Map<FieldPlan, Site>();
    this.#inside.set(join, sites);
    let site = sites.get(field);
    if (site === undefined) {
      const places = this.places(owner);
      const starts = translatorsOf(field.conversion).flatMap((inner) =>
        (places ?? []).map((path) => [inner, [...path, ...namesOf(field)]] as const),
      );
      site = new Site(starts, true);
      if (places === undefined) for (const inner of translatorsOf(field.conversion)) site.#spread(inner);
      sites.set(field, site);
    }
    return site;
  }

  #note(translator: Translator, path: readonly string[], above: readonly Translator[]): void {
    const paths = this.#paths.get(translator) ?? [];
    if (paths.length >= MAX_PLACES || above.includes(translator)) {
      this.#spread(translator);
      return;
    }
    this.#paths.set(translator, [...paths, [...path]]);
    for (const field of ofSource(translator))
      for (const inner of translatorsOf(field.conversion))
        this.#note(inner, [...path, ...namesOf(field)], [...above, translator]);
  }

  /** Messages that stand anywhere have messages in them that do. */
  #spread(translator: Translator): void {
    if (this.#anywhere.has(translator)) return;
    this.#anywhere.add(translator);
    for (const field of ofSource(translator))
      for (const inner of translatorsOf(field.conversion)) this.#spread(inner);
  }
}

function ofSource({ fields }: Translator): FieldPlan[] {
  return fields.filter(({ value, inWalk }) => value.root.kind !== "join" || inWalk === true);
}

function namesOf({ target }: FieldPlan): string[] {
  return target.map(({ name }) => name);
}
