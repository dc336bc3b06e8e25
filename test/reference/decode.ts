import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { ReflectMap, ReflectMessage } from "@bufbuild/protobuf/reflect";
import { Cursor, MAX_DEPTH, Malformed } from "./cursor.js";
import { empty, markField, markMessage, unmarkSiblings } from "./object.js";
import { checkText, readScalar, wireOf, zeroOf } from "./scalar.js";

export interface DecodeOptions {
  /** Everything must be well-formed, also what nobody reads. */
  readonly strict?: boolean;
  /** Told of fields that the type does not have. */
  readonly onUnknown?: (number: number, desc: DescMessage) => void;
  /** Told of each occurrence of a field that the type has. */
  readonly onField?: (field: DescField) => void;
  /** Told of each number of an enum, also of those that are replaced later. */
  readonly onEnum?: (field: DescField, number: number) => void;
}

/** Decodes a message by the rules of design section 4, "malformed" and "split sub-messages". */
export function decode(desc: DescMessage, bytes: Uint8Array, options: DecodeOptions = {}): ReflectMessage {
  const message = empty(desc);
  new Decoder(options).into(message, bytes, 1);
  return message;
}

class Decoder {
  #strict: boolean;

  constructor(readonly options: DecodeOptions) {
    this.#strict = options.strict ?? false;
  }

  /** Adds what the bytes say to a message. */
  into(message: ReflectMessage, bytes: Uint8Array, depth: number): void {
    if (depth > MAX_DEPTH) throw new Malformed("nested too deeply");
    const cursor = new Cursor(bytes);
    while (!cursor.atEnd) {
      const tag = cursor.tag();
      const field = message.desc.fields.find(({ number }) => number === tag.number);
      if (field === undefined || !this.#field(message, field, tag.wire, cursor, depth)) {
        this.options.onUnknown?.(tag.number, message.desc);
        cursor.skip(tag, depth);
      } else this.options.onField?.(field);
    }
  }

  /** Reads one occurrence of a field; false where its wire type is another, so that it counts as unknown. */
  #field(message: ReflectMessage, field: DescField, wire: number, cursor: Cursor, depth: number): boolean {
    switch (field.fieldKind) {
      case "scalar":
        if (wire !== wireOf(field.scalar)) return false;
        message.set(field, this.#text(field, readScalar(cursor, field.scalar)) as never);
        unmarkSiblings(message, field);
        return true;
      case "enum": {
        if (wire !== 0) return false;
        const number = readScalar(cursor, ScalarType.INT32) as number;
        this.options.onEnum?.(field, number);
        if (isKnown(field.enum, number)) {
          message.set(field, number);
          unmarkSiblings(message, field);
        }
        return true;
      }
      case "message": {
        const content = this.#content(field, wire, cursor, depth);
        if (content === undefined) return false;
        // Occurrences of a singular message merge.
        const inner = message.isSet(field) ? message.get(field) : empty(field.message);
        this.#attempt(
          () => this.into(inner, content, depth + 1),
          () => markField(message, field),
          isJson(field.message),
        );
        message.set(field, inner);
        unmarkSiblings(message, field);
        return true;
      }
      case "list":
        return this.#element(message, field, wire, cursor, depth);
      case "map":
        if (wire !== 2) return false;
        this.#entry(message, field, cursor.delimited(), depth);
        return true;
    }
  }

  /** The bytes of a message. */
  #content(field: DescField, wire: number, cursor: Cursor, depth: number): Uint8Array | undefined {
    const isGroup = "delimitedEncoding" in field && field.delimitedEncoding;
    if (wire !== (isGroup ? 3 : 2)) return undefined;
    return isGroup ? cursor.group(field.number, depth) : cursor.delimited();
  }

  #element(
    message: ReflectMessage,
    field: DescField & { fieldKind: "list" },
    wire: number,
    cursor: Cursor,
    depth: number,
  ): boolean {
    const list = message.get(field);
    if (field.listKind === "message") {
      const content = this.#content(field, wire, cursor, depth);
      if (content === undefined) return false;
      const inner = empty(field.message);
      this.#attempt(
        () => this.into(inner, content, depth + 1),
        () => (isJson(field.message) ? markField(message, field) : markMessage(inner)),
        isJson(field.message),
      );
      list.add(inner);
      return true;
    }
    const type = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
    const add = (from: Cursor) => {
      const value = this.#text(field, readScalar(from, type));
      if (field.listKind === "enum") this.options.onEnum?.(field, value as number);
      if (field.listKind !== "enum" || isKnown(field.enum, value as number)) list.add(value);
    };
    if (wire === wireOf(type)) add(cursor);
    else if (wire === 2) {
      const packed = new Cursor(cursor.delimited());
      this.#attempt(
        () => {
          while (!packed.atEnd) add(packed);
        },
        () => {
          markField(message, field);
          // So that it is there to be read.
          if (list.size === 0) list.add(zeroOf(type));
        },
      );
    } else return false;
    return true;
  }

  #entry(
    message: ReflectMessage,
    field: DescField & { fieldKind: "map" },
    bytes: Uint8Array,
    depth: number,
  ): void {
    const map = message.get(field);
    const inner = field.mapKind === "message" ? empty(field.message) : undefined;
    let key: unknown = zeroOf(field.mapKey);
    let value: unknown =
      inner ?? (field.mapKind === "enum" ? field.enum.values[0]!.number : zeroOf(field.scalar!));
    let known = true;
    const readEntry = () => {
      if (depth + 1 > MAX_DEPTH) throw new Malformed("nested too deeply");
      const cursor = new Cursor(bytes);
      while (!cursor.atEnd) {
        const tag = cursor.tag();
        if (tag.number === 1 && tag.wire === wireOf(field.mapKey))
          key = this.#text(field, readScalar(cursor, field.mapKey));
        else if (tag.number === 2 && field.mapKind === "enum" && tag.wire === 0) {
          value = readScalar(cursor, ScalarType.INT32);
          this.options.onEnum?.(field, value as number);
          known = isKnown(field.enum, value as number);
        } else if (tag.number === 2 && field.mapKind === "scalar" && tag.wire === wireOf(field.scalar))
          value = this.#text(field, readScalar(cursor, field.scalar));
        else if (tag.number === 2 && inner !== undefined && tag.wire === 2) {
          const content = cursor.delimited();
          this.#attempt(
            () => this.into(inner, content, depth + 2),
            () => (isJson(inner.desc) ? markField(message, field) : markMessage(inner)),
            isJson(inner.desc),
          );
        } else {
          this.options.onUnknown?.(tag.number, message.desc);
          cursor.skip(tag, depth + 1);
        }
      }
      if (typeof key === "string") checkText(key);
    };
    this.#attempt(readEntry, () => {
      markField(message, field);
      // So that there is something to be read.
      key = zeroOf(field.mapKey);
    });
    if (known) put(map, key, value);
  }

  /** What is malformed inside is marked, and told to who reads it; `whole`: its insides cannot be marked. */
  #attempt(step: () => void, mark: () => void, whole = false): void {
    const strict = this.#strict;
    this.#strict ||= whole;
    try {
      step();
    } catch (error) {
      if (strict || !(error instanceof Malformed)) throw error;
      mark();
    } finally {
      this.#strict = strict;
    }
  }

  #text(field: DescField, value: unknown): unknown {
    if (this.#strict && typeof value === "string" && field.utf8Validation) checkText(value);
    return value;
  }
}

/** Numbers that a closed enum does not have are as if the field were not there. */
function isKnown(desc: DescEnum, number: number): boolean {
  return desc.open || desc.values.some((value) => value.number === number);
}

/** Of a key that comes twice the last entry counts. */
function put(map: ReflectMap, key: unknown, value: unknown): void {
  map.delete(key as never);
  map.set(key as never, value as never);
}

/** protobuf-es keeps a Struct as JSON, in which nothing can be marked. */
function isJson(desc: DescMessage): boolean {
  return desc.typeName === "google.protobuf.Struct";
}
