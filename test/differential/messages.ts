import type { Choices } from "./choices.js";
import { type Direction, type FieldMaker, type Pair, SCALARS } from "./fields.js";
import { guarded } from "./policies.js";
import type { Decl, Side } from "./side.js";

/** What a message has beside the fields that are made for it. */
export interface Additions {
  /** Fields of the internal side alone: those that joins are keyed by, and unmapped ones. */
  readonly internal: readonly Decl[];
  /** Fields of the public side, with their annotations. */
  readonly pub: readonly Decl[];
  /** Options of the public message. */
  readonly options: readonly string[];
}

type Place = "" | "deep." | "deep.more.";

/** A field with where the internal side has it. */
interface Placed extends Pair {
  readonly place: Place;
}

/** Declares a message on both sides, with the annotations that map one to the other. */
export class MessageMaker {
  constructor(
    readonly choices: Choices,
    readonly internal: Side,
    readonly pub: Side,
    readonly fields: FieldMaker,
  ) {}

  /**
   * `variant`: another internal message that the same public one is made from as well. `second`: another public message
   * that is made from the same internal one.
   */
  message(
    name: string,
    direction: Direction,
    pairs: readonly Pair[],
    { internal, pub, options }: Additions,
    { variant = false, second = false } = {},
  ): void {
    const { choices } = this;
    const placed = this.#oneofs(
      pairs.map((pair) => ({ ...pair, place: this.#place(pair) })),
      direction,
    );
    const renamed = new Set(placed.filter(() => choices.chance(25)));
    const other = new Set(variant ? [...renamed].filter(() => choices.chance(50)) : []);
    this.#declare(name, placed, internal, (decl) =>
      renamed.has(decl) ? `${decl.internal.name}x` : decl.internal.name,
    );
    if (variant)
      this.#declare(`${name}v`, placed, internal, (decl) =>
        other.has(decl)
          ? `${decl.internal.name}y`
          : renamed.has(decl)
            ? `${decl.internal.name}x`
            : decl.internal.name,
      );
    const guard = (decl: Decl) => guarded(choices, decl);
    const decls = placed.map((decl): Decl => {
      const paths = [];
      if (renamed.has(decl) || decl.place !== "")
        paths.push(`${decl.place}${decl.internal.name}${renamed.has(decl) ? "x" : ""}`);
      if (other.has(decl)) paths.push(`${decl.place}${decl.internal.name}y`);
      const option = direction === "in" ? "to" : "from";
      const said = paths.map((path) => {
        const isRooted = direction === "out" && choices.chance(20);
        return `(portico.v1.field).${option} = "${isRooted ? "source." : ""}${path}"`;
      });
      return guard({ ...decl.public, options: [...said, ...(decl.public.options ?? [])] });
    });
    const unset: Decl[] = choices.chance(10)
      ? [
          {
            name: this.fields.name(),
            kind: "scalar",
            type: "string",
            card: "implicit",
            options: ["(portico.v1.field).unset = true"],
          },
        ]
      : [];
    this.pub.message(name, [...decls, ...pub.map(guard), ...unset], options);
    if (second)
      this.pub.message(
        `${name}b`,
        decls.filter((decl) => decl.oneof !== undefined || choices.chance(60)),
      );
  }

  #place({ internal }: Pair): Place {
    if (internal.card === "required") return "";
    const deep = this.choices.below(10);
    return deep === 8 ? "deep." : deep === 9 ? "deep.more." : "";
  }

  /** Puts some of the fields that can be in oneofs, on one side or both. */
  #oneofs(all: readonly Placed[], direction: Direction): Placed[] {
    const { choices } = this;
    if (!choices.chance(60)) return [...all];
    const can = all.filter(
      ({ internal, public: pub, place }) =>
        place === "" && [internal, pub].every(({ card }) => card === "implicit" || card === "explicit"),
    );
    const size = 2 + choices.below(3);
    const chosen = new Set(can.slice(0, size));
    const second = new Set(choices.chance(40) ? can.slice(size, size + 2) : []);
    const sides = choices.below(3);
    return all.map((pair) => {
      const oneof = chosen.has(pair) ? "first" : second.has(pair) ? "second" : undefined;
      if (oneof === undefined) return pair;
      const into = (decl: Decl): Decl => ({ ...decl, card: "oneof", oneof });
      return {
        ...pair,
        internal: sides === 2 && direction !== "both" ? pair.internal : into(pair.internal),
        public:
          sides === 1 && direction !== "both" ? { ...pair.public, card: "explicit" } : into(pair.public),
      };
    });
  }

  /** The internal side: some fields in messages inside it, others that no public message has. */
  #declare(
    name: string,
    placed: readonly Placed[],
    more: readonly Decl[],
    nameOf: (pair: Placed) => string,
  ): void {
    const at = (place: Place) =>
      placed
        .filter((pair) => pair.place === place)
        .map((pair): Decl => ({ ...pair.internal, name: nameOf(pair) }));
    const inner = (field: string, type: string): Decl => ({
      name: field,
      kind: "message",
      type,
      card: "implicit",
    });
    const top = at("");
    const hasDeep = placed.some(({ place }) => place !== "");
    if (hasDeep) {
      this.internal.message(`${name}More`, [...at("deep.more."), ...this.#unmapped()]);
      this.internal.message(`${name}Deep`, [
        ...at("deep."),
        ...this.#unmapped(),
        inner("more", `${name}More`),
      ]);
      top.push(inner("deep", `${name}Deep`));
    }
    const oneof = top.find((decl) => decl.oneof !== undefined)?.oneof;
    const hidden = this.#unmapped().map(
      (decl): Decl =>
        oneof !== undefined && this.choices.chance(70) ? { ...decl, card: "oneof", oneof } : decl,
    );
    this.internal.message(name, [...top, ...hidden, ...more]);
  }

  /** What no public message has. */
  #unmapped(): Decl[] {
    const { choices } = this;
    return Array.from({ length: choices.below(3) }, () => ({
      name: this.fields.name(),
      kind: "scalar",
      type: choices.pick(SCALARS),
      card: "implicit",
    }));
  }
}
