import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { AnyMessages } from "../../plugin/src/plan/types.js";
import type { Field } from "../../plugin/src/source/model.js";
import { Cursor } from "./cursor.js";
import { decode } from "./decode.js";

/** An Any that holds one of the types that it may hold. */
interface SentAny {
  readonly type: DescMessage;
  readonly bytes: Uint8Array;
}

/**
 * The fields that a client sends at all, also those that another member of their oneof, or another entry of their map,
 * replaces later. `anys` are looked into; what is malformed in one of them throws.
 */
export function fieldsSent(
  desc: DescMessage,
  bytes: Uint8Array,
  anys: Anys,
  strict: boolean,
): Set<DescField> {
  const sent = new Set<DescField>();
  decode(desc, bytes, { strict, onField: (field) => sent.add(field) });
  for (const any of anysIn(desc, bytes, anys))
    for (const field of fieldsSent(any.type, any.bytes, anys, strict)) sent.add(field);
  return sent;
}

/** The Anys that may hold a message in which one of some fields is, also in an Any inside it, each with all that it may hold. */
export function anysAround(anys: AnyMessages, isOne: (field: DescField) => boolean): Anys {
  const found = new Map<string, DescMessage[]>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [field, messages] of anys) {
      const types = [...messages].map(({ desc }) => desc!);
      if (types.flatMap(fieldsOf).some((one) => isOne(one) || found.has(String(one))))
        found.set(nameOf(field), types);
    }
  }
  return found;
}

/** By the name of their field: the value of a map's entry has that of the map. */
type Anys = ReadonlyMap<string, readonly DescMessage[]>;

function nameOf({ desc, parent }: Field): string {
  return desc === undefined ? `field ${parent.typeName.replace(/\.entry$/, "")}` : String(desc);
}

function fieldsOf(start: DescMessage): DescField[] {
  const all = new Set([start]);
  for (const { fields } of all) for (const { message } of fields) if (message !== undefined) all.add(message);
  return [...all].flatMap(({ fields }) => fields);
}

function anysIn(desc: DescMessage, bytes: Uint8Array, anys: Anys): SentAny[] {
  return desc.fields.flatMap((field) => {
    if (field.message === undefined) return [];
    const may = anys.get(String(field));
    return messagesOf(field, bytes).flatMap((content) => {
      if (may === undefined) return anysIn(field.message!, content, anys);
      const any = decode(field.message!, content);
      const [url, value] = any.desc.fields;
      const name = String(any.get(url!)).split("/").at(-1);
      const type = may.find(({ typeName }) => typeName === name);
      return type === undefined ? [] : [{ type, bytes: any.get(value!) as Uint8Array }];
    });
  });
}

/** The messages of a field: of a singular one its pieces together, whatever comes between them. */
function messagesOf(field: DescField, bytes: Uint8Array): Uint8Array[] {
  const isGroup = "delimitedEncoding" in field && field.delimitedEncoding;
  const found = occurrences(bytes, field.number, isGroup);
  if (field.fieldKind === "map") return found.map((entry) => together(occurrences(entry, 2, false)));
  return field.fieldKind === "list" || found.length === 0 ? found : [together(found)];
}

function occurrences(bytes: Uint8Array, number: number, isGroup: boolean): Uint8Array[] {
  const found: Uint8Array[] = [];
  const cursor = new Cursor(bytes);
  while (!cursor.atEnd) {
    const tag = cursor.tag();
    if (tag.number !== number || tag.wire !== (isGroup ? 3 : 2)) cursor.skip(tag, 1);
    else found.push(isGroup ? cursor.group(number, 1) : cursor.delimited());
  }
  return found;
}

function together(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
