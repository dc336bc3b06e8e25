import fc from "fast-check";
import type { Sources } from "../support/compile.js";
import { Choices } from "./choices.js";
import { ExpressionMaker, type Finished, type Kind } from "./expressions.js";
import { type Direction, type EnumPair, FieldMaker, type Pair } from "./fields.js";
import { type Joined, JoinMaker } from "./joins.js";
import { MessageMaker } from "./messages.js";
import { MethodMaker } from "./methods.js";
import { C1, guarded, READ_MASK } from "./policies.js";
import { type Decl, Side, SYNTAXES } from "./side.js";

const WELL_KNOWN = ["wrappers", "timestamp", "duration", "struct", "empty", "field_mask", "any"].map(
  (name) => `google/protobuf/${name}.proto`,
);

/** What expressions give, and the fields that they may be written to. */
const COMPUTED: ReadonlyArray<readonly [Kind, string]> = [
  ["string", "string"],
  ["bool", "bool"],
  ["ints", "repeated int64"],
  ["int", "int64"],
  ["int", "int32"],
  ["uint", "uint64"],
  ["double", "double"],
  ["strings", "repeated string"],
  ["bool", "bool"],
  ["string", "string"],
];

/** What schemas are made by: see Choices. */
export const tapes = fc.array(fc.nat(1 << 20), { maxLength: 1500, size: "max" });

/** The .proto files of schema `number`, as a tape of choices has it. */
export function schema(number: number, tape: readonly number[]): Sources {
  return new SchemaMaker(number, new Choices(tape)).make();
}

class SchemaMaker {
  readonly #internal: Side;
  readonly #pub: Side;
  readonly #fields: FieldMaker;
  readonly #maker: MessageMaker;
  readonly #joins: JoinMaker;
  /** The messages of a direction, by their number. */
  readonly #counts: Readonly<Record<"R" | "Q" | "B", number>>;
  readonly #enums: Array<EnumPair & { readonly directions: readonly Direction[] }> = [];
  readonly #methods: MethodMaker;
  readonly #variants: ReadonlySet<number>;
  readonly #seconds: ReadonlySet<number>;
  readonly #expressionMaker: ExpressionMaker;
  /** Messages of a direction with this number and above can be referred to. */
  #from = 0;

  constructor(
    readonly number: number,
    readonly choices: Choices,
  ) {
    this.#expressionMaker = new ExpressionMaker(choices);
    const syntax = () => choices.pick(SYNTAXES);
    this.#internal = new Side(choices, `i${number}`, syntax(), WELL_KNOWN);
    this.#pub = new Side(choices, `p${number}`, syntax(), [...WELL_KNOWN, "portico/v1/options.proto"]);
    this.#counts = { R: 1 + choices.below(4), Q: 1 + choices.below(2), B: 1 + choices.below(2) };
    const some = () => new Set([1, 2, 3].filter((n) => n < this.#counts.R && choices.chance(30)));
    this.#variants = some();
    this.#seconds = some();
    const anys = choices.chance(50) ? [`p${number}.B0`] : [];
    this.#fields = new FieldMaker(choices, this.#internal, this.#pub, {
      messages: (direction) => this.#messages(direction),
      enums: (direction) => this.#enums.filter(({ directions }) => directions.includes(direction)),
      anys,
    });
    this.#maker = new MessageMaker(choices, this.#internal, this.#pub, this.#fields);
    this.#methods = new MethodMaker(choices, number, this.#internal, this.#pub, this.#expressionMaker);
    this.#joins = new JoinMaker(choices, this.#internal, this.#fields, this.#methods.internalLines);
  }

  make(): Sources {
    const { number } = this;
    this.#makeEnums();
    this.#both();
    this.#in();
    this.#out();
    this.#rpcs();
    this.#methods.two(C1);
    this.#services();
    return { [`i${number}/a.proto`]: this.#internal.text, [`p${number}/a.proto`]: this.#pub.text };
  }

  /** The messages that a field may be of: of its own direction, or of both. */
  #messages(direction: Direction): Array<readonly [string, string]> {
    const names = (letter: "R" | "Q" | "B", from: number) =>
      Array.from({ length: Math.max(0, this.#counts[letter] - from) }, (_, i) => i + from);
    const all: Array<readonly [string, string]> = [];
    if (direction === "out") {
      for (const n of names("R", this.#from)) {
        all.push([`R${n}`, `R${n}`]);
        if (this.#variants.has(n)) all.push([`R${n}v`, `R${n}`]);
        if (this.#seconds.has(n)) all.push([`R${n}`, `R${n}b`]);
      }
    }
    if (direction === "in") for (const n of names("Q", this.#from)) all.push([`Q${n}`, `Q${n}`]);
    // What the other directions refer to is made before them: it cannot refer to them.
    for (const n of names("B", direction === "both" ? this.#from : 0)) all.push([`B${n}`, `B${n}`]);
    return all;
  }

  #makeEnums(): void {
    const { choices } = this;
    const count = choices.below(3);
    for (let n = 0; n < count; n++) {
      const closed = (side: Side) => side.syntax === "proto2" || (side.isEdition && choices.chance(40));
      const isClosed = [closed(this.#internal), closed(this.#pub)] as const;
      const name = `E${n}`;
      const values = ["ZERO", "ONE", "TWO", "MINUS"].slice(0, 2 + choices.below(3));
      const number = (i: number, side: number) =>
        i === 0 ? 0 : values[i] === "MINUS" ? -3 - side : i * (side === 0 ? 1 : 7);
      const internal = values.map(
        (value, i) => [`${name}_${value}`, number(i, 0)] as [string, number, string?],
      );
      const pub = values.map((value, i) => [`${name}_${value}`, number(i, 1)] as [string, number, string?]);
      const directions: Direction[] = ["out", "in", "both"];
      if (choices.chance(30)) {
        // Internal values that no public one is named after.
        internal.push([`${name}_HIDDEN`, 40]);
        pub.push([`${name}_REST`, 50, '(portico.v1.enum_value).from = "*"']);
        if (isClosed[1]) directions.splice(1, 2);
      }
      if (choices.chance(30)) {
        internal.push([`${name}_OTHER`, 41]);
        pub.push([`${name}_RENAMED`, 51, `(portico.v1.enum_value).from = "${name}_OTHER"`]);
      }
      this.#internal.enum(name, isClosed[0], internal);
      this.#pub.enum(name, isClosed[1], pub);
      this.#enums.push({ name, isClosed, directions });
    }
  }

  #pairs(direction: Direction, most: number): Pair[] {
    return Array.from({ length: 1 + this.choices.below(most) }, () => this.#fields.field(direction));
  }

  #both(): void {
    const { number, choices } = this;
    for (let n = 0; n < this.#counts.B; n++) {
      this.#from = n;
      const pairs = this.#pairs("both", 7).map((pair): Pair => {
        if (!choices.chance(10)) return pair;
        const options = [...(pair.public.options ?? []), "(portico.v1.field).output_only = true"];
        return { ...pair, public: { ...pair.public, options } };
      });
      const options = n === 0 ? [`(portico.v1.message).source = "i${number}.B0"`] : [];
      this.#maker.message(`B${n}`, "both", pairs, { internal: [], pub: [], options });
    }
  }

  #in(): void {
    const { choices } = this;
    for (let n = 0; n < this.#counts.Q; n++) {
      this.#from = n;
      const pairs = this.#pairs("in", 8).map((pair): Pair => {
        const isRequired =
          ["proto2", "2023", "2024"].includes(this.#internal.syntax) &&
          pair.internal.kind === "scalar" &&
          ["implicit", "explicit"].includes(pair.internal.card) &&
          choices.chance(10);
        return isRequired ? { ...pair, internal: { ...pair.internal, card: "required" } } : pair;
      });
      const own = n === 0 ? [C1] : [];
      this.#maker.message(`Q${n}`, "in", pairs, { internal: own, pub: own, options: [] });
    }
    const b0: Decl = { name: "b0", kind: "message", type: "B0", card: "implicit" };
    const q0: Decl = { name: "q0", kind: "message", type: "Q0", card: "implicit" };
    const mask: Decl = { name: "mask", kind: "message", type: "google.protobuf.FieldMask", card: "implicit" };
    this.#request("PutRequest", [b0, q0], 20);
    this.#request("UpdateRequest", [b0, mask], 0);
    this.#request("FindRequest", [q0], 100);
  }

  #rpcs(): void {
    const { ensurable } = this.#joins;
    this.#methods.rpc("GetIt", "Q0", "R0", "rows", ensurable);
    this.#methods.rpc("ListIt", "FindRequest", "stream R0", "rows", ensurable);
    this.#methods.rpc("PutIt", "PutRequest", "B0", "write", []);
    this.#methods.rpc("UpdateIt", "UpdateRequest", "B0", "write", []);
    this.#methods.rpc("LookupIt", "FindRequest", "R0", "rows", ensurable);
  }

  /** A request on both sides; `masked`: how often clients can say what they want of the response, in percent. */
  #request(name: string, decls: readonly Decl[], masked: number): void {
    const { choices } = this;
    this.#internal.message(name, [...decls, C1]);
    const own = decls.map((decl) => guarded(choices, decl));
    this.#pub.message(name, [...own, C1, ...(choices.chance(masked) ? [READ_MASK] : [])]);
  }

  #out(): void {
    const { choices } = this;
    const all: Joined[] = Array.from({ length: this.#counts.R }, (_, n) => ({
      name: `R${n}`,
      additions: { internal: [], pub: [], options: [] },
    }));
    for (let n = 0; n < all.length; n++) {
      this.#from = n;
      const owner = all[n]!;
      const later = all.slice(n + 1);
      if (later.length > 0) {
        const count = choices.below(4);
        for (let i = 0; i < count; i++) this.#joins.join(owner, choices.pick(later), { mayDrop: n > 0 });
      }
      // Rows that join rows of the same message.
      if (n > 0 && choices.chance(20)) this.#joins.join(owner, owner, { mayDrop: true });
      const pairs = this.#pairs("out", 7).map((pair) => this.#skipping(owner, pair));
      this.#expressions(owner, later.length > 0 ? choices.pick(later) : undefined);
      if (n === 0) {
        // Each message that has two sources is made from both.
        for (const variant of this.#variants) {
          for (const type of [`R${variant}`, `R${variant}v`]) pairs.push(this.#listOf(type, `R${variant}`));
        }
        for (const second of this.#seconds) pairs.push(this.#listOf(`R${second}`, `R${second}b`));
        for (let m = 1; m < all.length; m++) pairs.push(this.#listOf(`R${m}`, `R${m}`));
      }
      this.#maker.message(owner.name, "out", pairs, owner.additions, {
        variant: this.#variants.has(n),
        second: this.#seconds.has(n),
      });
    }
  }

  /** Fields that are computed, selected, or written on a condition. */
  #expressions({ name: own, additions: { internal, pub } }: Joined, row: Joined | undefined): void {
    const number = Number(own.slice(1));
    const { choices } = this;
    const decl = (name: string, type: string, card: Decl["card"] = "implicit"): Decl => ({
      name,
      kind: "scalar",
      type,
      card,
    });
    internal.push(
      decl("n1", "int64"),
      decl("s1", "string"),
      decl("t1", "sint32", "repeated"),
      decl("d1", "double", "explicit"),
      decl("u1", "uint32"),
    );
    const hasRows = row !== undefined;
    if (hasRows) internal.push({ name: "rs", kind: "message", type: row.name, card: "repeated" });
    const names = { rows: hasRows, surroundings: true, parent: number > 0, finished: [] as Finished[] };
    const expressions = this.#expressionMaker;
    // The service's `let` has to be used.
    if (number === 0)
      pub.push({ ...decl(this.#fields.name(), "bool"), options: ['(portico.v1.field).from = "n1 > least"'] });
    for (let count = choices.below(4); count > 0; count--) {
      const [kind, type] = choices.pick(COMPUTED);
      const isMany = type.startsWith("repeated ");
      const card = isMany ? "repeated" : choices.chance(50) ? "explicit" : "implicit";
      const name = this.#fields.name();
      // A path by itself does not narrow.
      const text = `${type === "int32" ? "0 + " : ""}${expressions.make(kind, names)}`;
      pub.push({
        ...decl(name, type.replace("repeated ", ""), card),
        options: [`(portico.v1.field).from = "${text}"`],
      });
      if (!isMany) names.finished.push({ name, kind, hasPresence: card === "explicit" });
    }
    if (choices.chance(30))
      pub.push({
        ...decl(this.#fields.name(), "string", "explicit"),
        options: [
          '(portico.v1.field).from = "s1"',
          `(portico.v1.field).when = "${expressions.make("bool", names)}"`,
        ],
      });
    if (hasRows && choices.chance(40))
      pub.push({
        name: this.#fields.name(),
        kind: "message",
        type: row.name,
        card: "repeated",
        options: [`(portico.v1.field).from = "${expressions.rows(names)}"`],
      });
  }

  /** A field of a message in itself, in which perhaps not all of its joins are run. */
  #skipping({ name, additions }: Joined, pair: Pair): Pair {
    const joins = additions.options.flatMap((text) => /join = \{name: "(\w+)"/.exec(text)?.[1] ?? []);
    if (pair.public.type !== name || joins.length === 0 || !this.choices.chance(40)) return pair;
    const skip = `(portico.v1.field).skip = "${this.choices.pick(joins)}"`;
    return { ...pair, public: { ...pair.public, options: [...(pair.public.options ?? []), skip] } };
  }

  #listOf(internal: string, pub: string): Pair {
    const decl: Decl = { name: this.#fields.name(), kind: "message", type: internal, card: "repeated" };
    return { internal: decl, public: { ...decl, type: pub } };
  }

  #services(): void {
    const { number } = this;
    const { internalLines, publicLines } = this.#methods;
    this.#internal.service(`service S {\n  ${internalLines.join("\n  ")}\n}`);
    const option = `option (portico.v1.service) = {from: "i${number}.S" allow: {authenticated: true} let: "least = size(request.c1)"};`;
    this.#pub.service(`service P {\n  ${[option, ...publicLines].join("\n  ")}\n}`);
  }
}
