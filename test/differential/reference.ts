import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/**
 * The translation rules of design section 4 once more: slow, on objects, and written to be plainly right. It shares
 * nothing with the generator nor with the runtime.
 */
export interface Rules {
  readonly direction: "response" | "request";
  /** Public fields that come from another path than their own name, by "Message.field" without the package. */
  readonly from: Readonly<Record<string, string>>;
  /** Public fields that requests do not set. */
  readonly outputOnly: (field: DescField) => boolean;
  /** Public fields of a request that go into messages inside it, by "Message.field". */
  readonly to: Readonly<Record<string, string>>;
  /** Numbers of an enum to those of the other one; undefined: no such value. "*" is for all the others. */
  readonly enums: (from: DescEnum, to: DescEnum) => ReadonlyMap<number, number>;
  readonly rest: (to: DescEnum) => number | undefined;
}

/** What makes a request invalid: an enum number that no public value has, or a required field without a value. */
export class Invalid extends Error {}

const shortName = (desc: DescMessage) => desc.typeName.slice(desc.typeName.indexOf(".") + 1);

export function translate(message: Message, from: DescMessage, to: DescMessage, rules: Rules): Message {
  const source = reflect(from, message as MessageShape<DescMessage>);
  const target = reflect(to, create(to));
  // In the order of the public message, whichever that is.
  const publicDesc = rules.direction === "response" ? to : from;
  for (const field of publicDesc.fields) {
    const name = `${shortName(publicDesc)}.${field.name}`;
    if (rules.direction === "response") {
      const path = (rules.from[name] ?? field.name).split(".");
      const [holder, found] = follow(source, path);
      if (found !== undefined) put(holder, found, target, field, rules);
    } else if (!rules.outputOnly(field)) {
      const path = (rules.to[name] ?? field.name).split(".");
      if (!isThere(source, field)) continue;
      let holder = target;
      for (const part of path.slice(0, -1)) {
        const step = fieldNamed(holder.desc, part) as DescField & { fieldKind: "message" };
        if (!holder.isSet(step)) holder.set(step, reflect(step.message, create(step.message)));
        holder = holder.get(step) as ReflectMessage;
      }
      put(source, field, holder, fieldNamed(holder.desc, path.at(-1)!)!, rules);
    }
  }
  const lacks = to.fields.find((field) => isRequired(field) && !target.isSet(field));
  if (rules.direction === "request" && lacks !== undefined) throw new Invalid(`${lacks} is required`);
  return target.message;
}

function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function fieldNamed(desc: DescMessage, name: string): DescField | undefined {
  return desc.fields.find((field) => field.name === name);
}

function follow(message: ReflectMessage, path: string[]): [ReflectMessage, DescField | undefined] {
  const field = fieldNamed(message.desc, path[0]!);
  if (path.length === 1 || field === undefined) return [message, field];
  if (!message.isSet(field)) return [message, undefined];
  return follow(message.get(field) as ReflectMessage, path.slice(1));
}

function isThere(message: ReflectMessage, field: DescField): boolean {
  return message.isSet(field);
}

function put(
  source: ReflectMessage,
  from: DescField,
  target: ReflectMessage,
  to: DescField,
  rules: Rules,
): void {
  // A later member of the same target oneof does not replace the one that is there.
  if (to.oneof !== undefined && target.oneofCase(to.oneof) !== undefined) return;
  if (from.fieldKind === "map" && to.fieldKind === "map") {
    const map = target.get(to);
    for (const [key, value] of source.get(from)) {
      const kind = from.mapKind;
      const converted =
        kind === "enum" && to.mapKind === "enum"
          ? mapEnum(value as number, from.enum, to.enum, rules)
          : kind === "message" || to.mapKind === "message"
            ? element(
                value,
                kind === "message" ? from.message : undefined,
                to.mapKind === "message" ? to.message : undefined,
                rules,
              )
            : recode(value, from.scalar!, to.scalar!);
      if (converted !== undefined) map.set(recode(key, from.mapKey, to.mapKey) as never, converted as never);
    }
    return;
  }
  if (from.fieldKind === "list") {
    for (const value of source.get(from)) {
      const converted = convert(value, from, to, rules);
      if (converted !== undefined) (target.get(to as never) as ReflectList).add(converted as never);
    }
    return;
  }
  if (!source.isSet(from)) {
    // What has presence, and is not there, has a default; what has none is that. A field without presence keeps it.
    const isImplicit = !hasPresence(to) && to.fieldKind !== "list";
    if (!isImplicit || (from.fieldKind !== "scalar" && from.fieldKind !== "enum")) return;
    const converted = from.fieldKind === "enum" && to.fieldKind === "enum"
        ? rules.enums(from.enum, to.enum).get(source.get(from) as number)
        : convert(source.get(from), from, to, rules);
    if (converted !== undefined) target.set(to, converted as never);
    return;
  } // biome-ignore format: as it is
  const converted = convert(source.get(from), from, to, rules);
  if (converted === undefined) return;
  if (to.fieldKind === "list") target.get(to).add(converted as never);
  else target.set(to, converted as never);
}

function hasPresence(field: DescField): boolean {
  // 2 is IMPLICIT.
  return field.fieldKind === "message" || field.oneof !== undefined || field.presence !== 2;
}

function convert(value: unknown, from: DescField, to: DescField, rules: Rules): unknown {
  if (from.enum !== undefined && to.enum !== undefined)
    return mapEnum(value as number, from.enum, to.enum, rules);
  if (from.message !== undefined || to.message !== undefined)
    return element(value, from.message, to.message, rules);
  return recode(value, from.scalar!, to.scalar!);
}

/** A message, or one side of a wrapper. */
function element(
  value: unknown,
  from: DescMessage | undefined,
  to: DescMessage | undefined,
  rules: Rules,
): unknown {
  if (from !== undefined && to !== undefined)
    return reflect(
      to,
      translate((value as ReflectMessage).message, from, to, rules) as MessageShape<DescMessage>,
    );
  if (from !== undefined) {
    const wrapper = value as ReflectMessage;
    return wrapper.get(from.fields[0]!);
  }
  const wrapper = reflect(to!, create(to!));
  wrapper.set(to!.fields[0]!, value as never);
  return wrapper;
}

function mapEnum(number: number, from: DescEnum, to: DescEnum, rules: Rules): number | undefined {
  const twin = rules.enums(from, to).get(number);
  if (twin !== undefined) return twin;
  if (!from.open) return undefined;
  if (rules.direction === "request") throw new Invalid(`${from.typeName} ${number}`);
  return rules.rest(to) ?? 0;
}

// Scalar types of 64 bits: they are bigints in objects.
const WIDE = new Set([3, 4, 6, 16, 18]);

function recode(value: unknown, from: number, to: number): unknown {
  if (WIDE.has(to) && !WIDE.has(from)) return BigInt(value as number);
  return value;
}

/** A message as plain data, for comparison: set fields only, numbers exactly, maps in the order of their keys. */
export function plain(message: ReflectMessage): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  if (message.message.$unknown?.length) result.$unknown = message.message.$unknown.map(({ no }) => no);
  for (const field of message.desc.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "map") {
      const entries = [...message.get(field)].map(
        ([key, value]) => [String(key), plainValue(value)] as const,
      );
      result[field.name] = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    } else if (field.fieldKind === "list") result[field.name] = [...message.get(field)].map(plainValue);
    else result[field.name] = plainValue(message.get(field));
  }
  return result;
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (typeof value === "object" && value !== null) return plain(value as ReflectMessage);
  return value;
}
