import { MapEntries } from "../wire/map-entries.js";
import type { At, Reader } from "../wire/reader.js";
import { spend, spendWalk } from "./budget.js";
import { equals } from "./compare.js";
import { type Encoding, elementOf, type Kind, structOf, wireOf } from "./decode.js";
import { AbsentError, fail } from "./error.js";
import { CelMap } from "./map.js";
import { Duration, Timestamp } from "./time.js";
import type { MessageValue, Value } from "./value.js";

/** A field that expressions read: by its number, or of a map by those of its entries. */
export interface ViewField {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  readonly list?: true;
  /** Of a map: the type of its keys; `kind` is that of its values. */
  readonly key?: Encoding;
  /** Marked as never to be exposed: expressions inside the gateway read it, hand-written code does not get it. */
  readonly internal?: true;
  /** Encoded as a group. */
  readonly group?: true;
  /** Of a list that is written: packed. */
  readonly packed?: true;
  /** Of a message that is written: whether the field has to be there. */
  readonly required?: true;
  /** Whether zero is as good as unset. */
  readonly implicit?: true;
  /** What an unset field is, where that is not the zero of its type. */
  readonly preset?: Value;
  /** Members of its oneof, each by number: this one clears them. */
  readonly oneof?: readonly number[];
}

/** What expressions read of a message: made by the generator, with the fields that they name. */
export interface ViewType {
  /** Full name of the message. */
  readonly name: string;
  readonly fields: readonly ViewField[];
  /** Tags of fields that nothing reads but that clear some that are read, each with the numbers of those. */
  readonly siblings?: ReadonlyArray<readonly [tag: number, ...clears: number[]]>;
}

// Nested as deeply as protobuf messages may be.
const MAX_DEPTH = 100;

/**
 * A message as an expression sees it: its bytes are walked once, and a field is decoded when it is asked for. What the
 * expression selects is written from the same bytes.
 */
export class View implements MessageValue {
  readonly kind = "message";
  readonly typeName: string;
  readonly #at: At[];
  readonly #lists: (At[] | undefined)[];
  readonly #maps: (MapEntries | undefined)[];
  /** Lists and maps that were asked for: macros inside macros ask for them again and again. */
  readonly #made: (Value | undefined)[] = [];
  #isCounted = false;

  constructor(
    readonly type: ViewType,
    readonly reader: Reader,
    readonly start: number,
    readonly end: number,
    /** How a found row of a join is opened to be written: with the joins inside it at their rows. */
    readonly opened?: () => Reader,
    readonly depth = 1,
    /** Whether it is an element of a list. Entries of maps are counted where they are walked over. */
    readonly isRow = false,
  ) {
    if (depth > MAX_DEPTH) reader.malformed("nested too deeply");
    this.typeName = type.name;
    const count = type.fields.length;
    this.#at = new Array<At>(count).fill(0);
    this.#lists = new Array<undefined>(count).fill(undefined);
    this.#maps = new Array<undefined>(count).fill(undefined);
    if (end > start) reader.aside(start, end, () => this.#walk());
  }

  /** Opens the message for who writes it. */
  open(): Reader {
    if (this.isRow && !this.#isCounted) this.reader.row();
    this.#isCounted = true;
    return this.opened === undefined ? this.reader.again(this.start, this.end) : this.opened();
  }

  /** The value of a field, by its number: of an unset one its default. */
  get<T>(number: number): T {
    return this.#value(this.#index(number)) as T;
  }

  /** As `get`; of a field that is not there there is no value. A list or map that is empty is there. */
  must<T>(number: number): T {
    const index = this.#index(number);
    const field = this.type.fields[index]!;
    const isNumber = field.implicit && field.kind !== "string" && field.kind !== "bytes";
    const isMany = field.list || field.key !== undefined;
    if (!isNumber && !isMany && !this.#isSet(index))
      throw new AbsentError(`${this.typeName}.${field.name} is not set`);
    return this.#value(index) as T;
  }

  /** Whether a field is set; implicit presence: whether it is other than zero. Lists and maps: whether there is something in it. */
  isSet(number: number): boolean {
    return this.#isSet(this.#index(number));
  }

  select(name: string): Value | undefined {
    const index = this.type.fields.findIndex((field) => field.name === name);
    return index < 0 ? undefined : this.#value(index);
  }

  has(name: string): boolean | undefined {
    const index = this.type.fields.findIndex((field) => field.name === name);
    return index < 0 ? undefined : this.#isSet(index);
  }

  /** Messages that are compared are of types that have all their fields here. */
  equals(other: MessageValue): boolean {
    if (!(other instanceof View) || other.type !== this.type) return false;
    return this.type.fields.every(({ key, list }, index) => {
      if (list === undefined && key === undefined && this.#isSet(index) !== other.#isSet(index)) return false;
      return equals(this.#value(index), other.#value(index));
    });
  }

  #index(number: number): number {
    const index = this.type.fields.findIndex((field) => field.number === number);
    return index < 0 ? fail(`${this.typeName} has no field ${number} here`) : index;
  }

  #isSet(index: number): boolean {
    const field = this.type.fields[index]!;
    if (field.key !== undefined) return (this.#maps[index]?.size ?? 0) > 0;
    if (field.list) return (this.#lists[index]?.length ?? 0) > 0;
    const at = this.#at[index]!;
    if (at === 0) return false;
    if (!field.implicit) return true;
    const value = this.#value(index);
    if (typeof value === "number") return !Object.is(value, 0);
    if (value instanceof Uint8Array) return value.length > 0;
    if (typeof field.kind === "object" && field.kind.is === "enum") return this.reader.int32At(at) !== 0;
    return Boolean(typeof value === "object" && value !== null ? value.valueOf() : value);
  }

  #value(index: number): Value {
    const field = this.type.fields[index]!;
    if (field.key === undefined && !field.list) {
      const value = this.#one(field, this.#at[index]!);
      // A macro may ask for it again and again.
      if (typeof value === "string") spendWalk(value.length);
      return value;
    }
    if (this.#made[index] === undefined) spend(this.#lists[index]?.length ?? this.#maps[index]?.size ?? 0);
    this.#made[index] ??=
      field.key === undefined
        ? (this.#lists[index] ?? []).map((at) => this.#one(field, at, true))
        : this.#map(field, field.key, this.#maps[index]);
    return this.#made[index]!;
  }

  #map(field: ViewField, key: Encoding, entries: MapEntries | undefined): Value {
    const pairs: Array<readonly [Value, Value]> = [];
    for (let i = 0; i < (entries?.size ?? 0); i++) {
      const at = entries!.keys[i]!;
      pairs.push([elementOf(this.reader, at, key), this.#one(field, entries!.values[i]!, false, 2)]);
    }
    return new CelMap(pairs, "last");
  }

  /** `levels`: of nesting, from this message to one that the value is. */
  #one(field: ViewField, at: At, isRow = false, levels = 1): Value {
    const { kind } = field;
    if (typeof kind === "object") {
      if (kind.is === "message") return this.#message(kind.of(), at, isRow, levels);
      if (kind.is === "enum")
        return at === 0
          ? (field.preset ?? kind.names[kind.first]!)
          : nameOf(kind.names, this.reader.int32At(at));
      return at === 0 ? null : this.#inside(at, kind.wraps);
    }
    if (at === 0 && field.preset !== undefined) return field.preset;
    switch (kind) {
      case "timestamp":
      case "duration":
        return this.#time(kind, at);
      case "struct":
      case "list":
      case "value":
        return this.reader.aside(0, 0, () => structOf(this.reader, at, kind));
      default:
        return elementOf(this.reader, at, kind);
    }
  }

  #message(type: ViewType, at: At, isRow = false, levels = 1): View {
    const { reader } = this;
    if (at === 0) return new View(type, reader, 0, 0, undefined, this.depth + levels, isRow);
    const { start, end } = reader.aside(0, 0, () => {
      reader.enter(at);
      return { start: reader.pos, end: reader.end };
    });
    return new View(type, reader, start, end, undefined, this.depth + levels, isRow);
  }

  /** The value that a google.protobuf wrapper wraps. */
  #inside(at: At, kind: Encoding): Value {
    return this.#message({ name: "", fields: [{ number: 1, name: "value", kind }] }, at).get<Value>(1);
  }

  #time(kind: "timestamp" | "duration", at: At): Value {
    const parts = this.#message(TIME, at);
    const nanos = parts.get<bigint>(1) * 1_000_000_000n + parts.get<bigint>(2);
    return kind === "timestamp" ? new Timestamp(nanos) : new Duration(nanos);
  }

  #walk(): void {
    const { reader: r, end } = this;
    while (r.pos < end) {
      const tag = r.tag();
      if (!this.#take(r, tag)) r.skip(tag);
    }
    r.close(end);
  }

  /** Reads a field that expressions name; false for others. */
  #take(r: Reader, tag: number): boolean {
    const number = Math.floor(tag / 8);
    const index = this.type.fields.findIndex((field) => field.number === number);
    if (index < 0) {
      this.#clear(this.type.siblings?.find(([sibling]) => sibling === tag)?.slice(1));
      return false;
    }
    const field = this.type.fields[index]!;
    const wire = tag % 8;
    if (field.key !== undefined) {
      if (wire !== 2) return false;
      this.#maps[index] ??= new MapEntries(
        field.key,
        wireOf(field.key),
        wireOf(field.kind),
        isMessage(field.kind),
        knownOf(field.kind),
      );
      this.#maps[index].add(r);
      return true;
    }
    const wanted = field.group ? 3 : wireOf(field.kind);
    if (field.list) return this.#takeElement(r, tag, wire, wanted, index, field);
    if (wire !== wanted) return false;
    const at = isMessage(field.kind) ? message(r, tag, this.#at[index]!) : value(r, wire);
    if (!isKnown(r, field.kind, at)) return true;
    this.#clear(field.oneof);
    this.#at[index] = at;
    return true;
  }

  #takeElement(
    r: Reader,
    tag: number,
    wire: number,
    wanted: number,
    index: number,
    field: ViewField,
  ): boolean {
    const list = this.#lists[index] ?? [];
    this.#lists[index] = list;
    const add = (at: At) => {
      if (isKnown(r, field.kind, at)) list.push(at);
    };
    if (wire === wanted) {
      add(isMessage(field.kind) ? message(r, tag, 0) : value(r, wire));
      return true;
    }
    if (wire !== 2 || wanted === 3) return false;
    const stop = r.packed();
    while (r.pos < stop) add(value(r, wanted));
    r.packedEnd(stop);
    return true;
  }

  #clear(numbers: readonly number[] | undefined): void {
    for (const number of numbers ?? []) {
      const index = this.type.fields.findIndex((field) => field.number === number);
      if (index >= 0) this.#at[index] = 0;
    }
  }
}

const TIME: ViewType = {
  name: "",
  fields: [
    { number: 1, name: "seconds", kind: "int64" },
    { number: 2, name: "nanos", kind: "int32" },
  ],
};

function nameOf(names: Readonly<Record<number, string>>, number: number): string {
  // An unknown number is equal to no name.
  return names[number] ?? String(number);
}

function isMessage(kind: Kind): boolean {
  return typeof kind === "object"
    ? kind.is !== "enum"
    : ["timestamp", "duration", "struct", "list", "value"].includes(kind);
}

/** Of a closed enum: whether a number is one of its values. */
function knownOf(kind: Kind): ((value: number) => boolean) | undefined {
  if (typeof kind !== "object" || kind.is !== "enum" || !kind.closed) return undefined;
  return (number) => kind.names[number] !== undefined;
}

function isKnown(r: Reader, kind: Kind, at: At): boolean {
  return knownOf(kind)?.(r.int32At(at)) ?? true;
}

function message(r: Reader, tag: number, before: At): At {
  return tag % 8 === 3 ? r.group(tag, before) : r.message(before);
}

function value(r: Reader, wire: number): At {
  if (wire === 0) return r.varint();
  if (wire === 1) return r.fixed64();
  return wire === 5 ? r.fixed32() : r.bytes();
}

/** A view of a whole message; the same for all who look at it in the same way. */
export function viewOf(reader: Reader, type: ViewType): View {
  const known = views.get(reader) ?? new Map<ViewType, View>();
  views.set(reader, known);
  let view = known.get(type);
  if (view === undefined) {
    view = new View(type, reader, 0, reader.byteLength);
    known.set(type, view);
  }
  return view;
}

/** As `viewOf`; null where there is no message: the call was not made. */
export function replyView(reader: Reader, type: ViewType): View | null {
  return reader.absent ? null : viewOf(reader, type);
}

const views = new WeakMap<Reader, Map<ViewType, View>>();

/**
 * What has to be there: a call or join that did not run, or found nothing, is null. Behind a test of an expression for null,
 * TypeScript may know that it is: that is for the run to find.
 */
export function present(value: null): View;
export function present<T>(value: T | null | undefined): T;
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new AbsentError("what is read is not there");
  return value;
}
