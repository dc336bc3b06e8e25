import { parsePath, partOf } from "../../expression/path.js";
import { makesRandom } from "../../expression/random.js";
import { splitAssignment } from "../../expression/split.js";
import type { Context, Place } from "../context.js";
import type { Value } from "../types.js";
import { RESERVED, type Scope } from "./scope.js";
import { resolveValue } from "./values.js";

/** One `let`, and where it stands. */
export interface LetSaid {
  readonly text: string;
  readonly place: Place;
}

/** Reports a `let` that nothing uses. */
export function reportUnused(context: Context, text: string, place: Place): void {
  const parts = splitAssignment(text);
  if (parts === undefined || parsePath(parts.target)?.length !== 1) return;
  context.report(
    "let-unused",
    { ...place, part: partOf(parts.target) },
    `nothing uses "${parts.target.value.trim()}"`,
    "remove it, or use its name in an expression",
  );
}

/** The names that `let` makes in one method, each resolved when it is first used: a service's may be of no use to some. */
export class Lets {
  readonly byName = new Map<string, () => Value | "broken">();
  readonly #used = new Set<string>();

  constructor(
    readonly context: Context,
    said: readonly LetSaid[],
    /** Names that are taken. */
    taken: ReadonlySet<string>,
    /** What the expressions see, beside the `let` before them. */
    scope: () => Scope,
  ) {
    for (const { text, place } of said) {
      const parts = splitAssignment(text);
      const name = parts === undefined ? undefined : parsePath(parts.target);
      if (parts === undefined || name?.length !== 1) {
        context.report(
          "syntax",
          place,
          `"${text}" is not of the form "name = value"`,
          'write it as "since = request.since"',
        );
        continue;
      }
      const part = partOf(parts.target);
      const short = name[0]!.name;
      if (RESERVED.has(short) || taken.has(short) || this.byName.has(short)) {
        context.report(
          "let-name",
          { ...place, part },
          `the name "${short}" is taken${taken.has(short) ? " by a call" : this.byName.has(short) ? " by another `let`" : ""}`,
          "give it another name",
        );
        this.byName.set(short, () => "broken");
        continue;
      }
      const before = new Map(this.byName);
      const later = () => new Set([...this.byName.keys()].filter((other) => !before.has(other)));
      let resolved: Value | "broken" | undefined;
      this.byName.set(short, () => {
        this.#used.add(short);
        resolved ??=
          valueOnce(
            short,
            resolveValue(context, parts.value, { ...scope(), lets: before, later, made: short }, place),
          ) ?? "broken";
        return resolved;
      });
    }
  }

  /** Whether something used the name. */
  isUsed(name: string): boolean {
    return this.#used.has(name);
  }
}

/** A name has one value in a request, also where computing it again would give another. */
function valueOnce(name: string, value: Value | undefined): Value | undefined {
  if (value?.root.kind !== "expression" || !makesRandom(value.root.expression.tree)) return value;
  const { expression } = value.root;
  const once = { ...expression, tree: { ...expression.tree, once: name } };
  return { ...value, root: { kind: "expression", expression: once } };
}
