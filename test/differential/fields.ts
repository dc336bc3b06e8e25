import type { Choices } from "./choices.js";
import type { Decl, Side } from "./side.js";

/** Which way values go. */
export type Direction = "out" | "in" | "both";

/** A field of both sides, which the plugin maps to each other. */
export interface Pair {
  readonly internal: Decl;
  readonly public: Decl;
}

/** Messages and enums that a field may be of, by their names on both sides. */
export interface Types {
  readonly messages: (direction: Direction) => ReadonlyArray<readonly [internal: string, pub: string]>;
  readonly enums: (direction: Direction) => ReadonlyArray<EnumPair>;
  readonly anys: readonly string[];
}

export interface EnumPair {
  readonly name: string;
  readonly isClosed: readonly [internal: boolean, pub: boolean];
}

export const SCALARS = [
  "string", "int32", "int64", "bool", "bytes", "double", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
  "sfixed32", "sfixed64", "float",
] as const; // biome-ignore format: a table
const MAP_KEYS = SCALARS.filter((type) => !["double", "float", "bytes"].includes(type));

// Types that hold the same values, and those that are wider.
const SAME = [["int32", "sint32", "sfixed32"], ["int64", "sint64", "sfixed64"], ["uint32", "fixed32"], ["uint64", "fixed64"]]; // biome-ignore format: a table
const WIDER: Readonly<Record<string, readonly string[]>> = {
  int32: ["int64", "sint64", "sfixed64"],
  sint32: ["int64", "sfixed64"],
  sfixed32: ["sint64"],
  uint32: ["uint64", "fixed64"],
  fixed32: ["uint64"],
  float: ["double"],
};
const WRAPPED: Readonly<Record<string, string>> = {
  string: "StringValue",
  int32: "Int32Value",
  int64: "Int64Value",
  bool: "BoolValue",
  bytes: "BytesValue",
  double: "DoubleValue",
  uint32: "UInt32Value",
  uint64: "UInt64Value",
  float: "FloatValue",
};
const WELL_KNOWN = ["Timestamp", "Duration", "Struct", "Value", "ListValue", "Empty"];
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  string: ['"dé"', '""'],
  bytes: ['"\\377\\000"'],
  bool: ["true", "false"],
  double: ["-inf", "1.5", "nan", "-0.0"],
  float: ["1.5", "inf"],
};

/** A scalar type that values of another go into. */
export function fitting(choices: Choices, type: string, isWider: boolean): string {
  const all = [
    type,
    ...(SAME.find((group) => group.includes(type)) ?? []),
    ...(isWider ? (WIDER[type] ?? []) : []),
  ];
  return choices.pick(all);
}

type Card = Decl["card"];

/** Makes fields at random. */
export class FieldMaker {
  #count = 0;

  constructor(
    readonly choices: Choices,
    readonly internal: Side,
    readonly pub: Side,
    readonly types: Types,
  ) {}

  name(): string {
    return `f${this.#count++}`;
  }

  field(direction: Direction): Pair {
    const { choices } = this;
    const name = this.name();
    switch (choices.below(12)) {
      case 1:
        return this.#map(name, direction);
      case 2:
        return this.#enum(name, direction);
      case 3:
      case 4:
        return this.#message(name, direction);
      case 5:
        return this.#wrapper(name, direction);
      case 6:
        return this.#wellKnown(name);
      case 7:
        return this.#any(name);
      default:
        return this.#scalar(name, direction);
    }
  }

  #pair(
    name: string,
    kind: Decl["kind"],
    types: readonly [string, string],
    cards: readonly [Card, Card],
    more: readonly [Partial<Decl>, Partial<Decl>] = [{}, {}],
  ): Pair {
    return {
      internal: { name, kind, type: types[0], card: cards[0], ...more[0] },
      public: { name, kind, type: types[1], card: cards[1], ...more[1] },
    };
  }

  /** What both sides are: alike, or, one way, a list of one. */
  #cards(direction: Direction): readonly [Card, Card] {
    const { choices } = this;
    const presence = (): Card => (choices.chance(50) ? "explicit" : "implicit");
    switch (choices.below(8)) {
      case 6:
        return ["repeated", "repeated"];
      case 7:
        if (direction === "out") return [presence(), "repeated"];
        if (direction === "in") return ["repeated", presence()];
        return ["repeated", "repeated"];
      default:
        return [presence(), presence()];
    }
  }

  #scalar(name: string, direction: Direction): Pair {
    const { choices } = this;
    const type = choices.pick(SCALARS);
    const other = choices.chance(35) ? fitting(choices, type, direction !== "both") : type;
    const cards = this.#cards(direction);
    const types = direction === "in" ? ([other, type] as const) : ([type, other] as const);
    const defaults = [this.internal, this.pub].map((side, i) => this.#default(side, types[i]!, cards[i]!));
    return this.#pair(name, "scalar", types, cards, [defaults[0]!, defaults[1]!]);
  }

  #default(side: Side, type: string, card: Card): Partial<Decl> {
    const hasPresence = side.syntax === "proto2" || (side.isEdition && card === "explicit");
    if (!hasPresence || card === "repeated" || !this.choices.chance(30)) return {};
    const value = this.choices.pick(
      DEFAULTS[type] ?? (type.startsWith("u") || type.startsWith("f") ? ["7", "0"] : ["-5", "0"]),
    );
    return { options: [`default = ${value}`] };
  }

  #enum(name: string, direction: Direction): Pair {
    const { choices } = this;
    const all = this.types.enums(direction);
    if (all.length === 0) return this.#scalar(name, direction);
    const found = choices.pick(all);
    return this.#pair(name, "enum", [found.name, found.name], this.#cards(direction), [
      { isClosed: found.isClosed[0] },
      { isClosed: found.isClosed[1] },
    ]);
  }

  #message(name: string, direction: Direction): Pair {
    const { choices } = this;
    const all = this.types.messages(direction);
    if (all.length === 0) return this.#scalar(name, direction);
    return this.#pair(name, "message", choices.pick(all), this.#cards(direction));
  }

  #map(name: string, direction: Direction): Pair {
    const { choices } = this;
    const key = choices.pick(MAP_KEYS);
    const otherKey = choices.chance(20) ? fitting(choices, key, direction !== "both") : key;
    const keys = direction === "in" ? [otherKey, key] : [key, otherKey];
    const enums = this.types.enums(direction);
    const messages = this.types.messages(direction);
    const make = (kind: Decl["kind"], types: readonly [string, string]) =>
      this.#pair(name, kind, types, ["map", "map"], [{ key: keys[0]! }, { key: keys[1]! }]);
    switch (choices.below(4)) {
      case 1:
        if (messages.length > 0) return make("message", choices.pick(messages));
        break;
      case 2:
        if (enums.length > 0) {
          const { name: type } = choices.pick(enums);
          return make("enum", [type, type]);
        }
        break;
      case 3: {
        const scalar = choices.pick(Object.keys(WRAPPED));
        const wrapper = `google.protobuf.${WRAPPED[scalar]}`;
        return make("message", choices.chance(50) ? [wrapper, scalar] : [scalar, wrapper]);
      }
    }
    const type = choices.pick(SCALARS);
    const other = choices.chance(20) ? fitting(choices, type, direction !== "both") : type;
    return make("scalar", direction === "in" ? [other, type] : [type, other]);
  }

  #wrapper(name: string, direction: Direction): Pair {
    const { choices } = this;
    const scalar = choices.pick(Object.keys(WRAPPED));
    const wrapper = `google.protobuf.${WRAPPED[scalar]}`;
    const isList = choices.chance(25);
    const card = (isScalar: boolean): Card => (isList ? "repeated" : isScalar ? "explicit" : "implicit");
    switch (choices.below(3)) {
      case 0: {
        const pair = this.#pair(name, "scalar", [wrapper, scalar], [card(false), card(true)]);
        return { ...pair, internal: { ...pair.internal, kind: "message" } };
      }
      case 1: {
        // One way, a field without presence fits as well.
        const given: Card = direction === "out" && !isList && choices.chance(50) ? "implicit" : card(true);
        const pair = this.#pair(name, "message", [scalar, wrapper], [given, card(false)]);
        return { ...pair, internal: { ...pair.internal, kind: "scalar" } };
      }
      default:
        return this.#pair(name, "message", [wrapper, wrapper], [card(false), card(false)]);
    }
  }

  #wellKnown(name: string): Pair {
    const { choices } = this;
    const type = `google.protobuf.${choices.pick(WELL_KNOWN)}`;
    const card: Card = choices.chance(30) ? "repeated" : "implicit";
    return this.#pair(name, "message", [type, type], [card, card]);
  }

  #any(name: string): Pair {
    const type = "google.protobuf.Any";
    const card: Card = this.choices.chance(30) ? "repeated" : "implicit";
    const pair = this.#pair(name, "message", [type, type], [card, card]);
    const options = this.types.anys.map((any) => `(portico.v1.field).any = "${any}"`);
    if (options.length === 0) return this.#wellKnown(name);
    return { ...pair, public: { ...pair.public, options } };
  }
}
