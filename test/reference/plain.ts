import type { DescField, FileRegistry } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { decode } from "./decode.js";
import { isSet } from "./object.js";

/**
 * A message as plain data, for comparison: set fields only, numbers exactly, maps in the order of their keys, what an Any
 * holds decoded.
 */
export function plain(message: ReflectMessage, registry: FileRegistry): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  for (const field of message.desc.fields) {
    if (!isSet(message, field)) continue;
    if (field.fieldKind === "map") {
      const entries = [...message.get(field)].map(
        ([key, value]) => [String(key), plainValue(value, registry)] as const,
      );
      result[field.name] = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    } else if (field.fieldKind === "list")
      result[field.name] = [...message.get(field)].map((value) => plainValue(value, registry));
    else result[field.name] = plainValue(message.get(field), registry);
  }
  if (message.desc.typeName === "google.protobuf.Any") unpack(message, result, registry);
  return result;
}

function unpack(any: ReflectMessage, result: Record<string, unknown>, registry: FileRegistry): void {
  const [url, value] = any.desc.fields as [DescField, DescField];
  const name = String(any.get(url)).split("/").at(-1)!;
  const desc = registry.getMessage(name);
  if (desc !== undefined) {
    result.value = plain(decode(desc, any.get(value) as Uint8Array, { strict: true }), registry);
  }
}

function plainValue(value: unknown, registry: FileRegistry): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (typeof value === "object" && value !== null) return plain(value as ReflectMessage, registry);
  return value;
}
