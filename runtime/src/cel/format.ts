import { checkLength, spend } from "./budget.js";
import { compareStrings } from "./compare.js";
import { toText } from "./convert.js";
import { exponentText, fixedText } from "./decimal.js";
import { fail } from "./error.js";
import type { CelMap } from "./map.js";
import { kindOf, type TypeValue, typeNameOf, Uint, type Value } from "./value.js";

/** More decimals than this are an error. */
const MAX_PRECISION = 100;

const CLAUSE = /%(?:\.(\d{1,9}))?([^\d.]|$)/gu;

/**
 * `text.format(list)`: each %s, %d, %f, %e, %b, %o, %x or %X is replaced by the next element, %% by a percent sign.
 *
 * Source: https://github.com/google/cel-go/blob/master/ext/README.md#stringsformat
 */
export function format(text: string, list: readonly Value[]): string {
  spend(text.length);
  let next = 0;
  let length = text.length;
  return text.replace(CLAUSE, (_, precision: string | undefined, verb: string) => {
    if (verb === "%" && precision === undefined) return "%";
    if (next >= list.length) fail(`index ${next} out of range`);
    const made = formatOne(verb, precision === undefined ? 6 : Number(precision), list[next++]!);
    length += made.length;
    checkLength(length, made.length);
    return made;
  });
}

function formatOne(verb: string, precision: number, value: Value): string {
  if (precision > MAX_PRECISION) return fail("too many decimals");
  switch (verb) {
    case "s":
      return plain(value);
    case "d":
      if (typeof value === "number" && !Number.isFinite(value)) return String(value);
      return String(integer(value) ?? wrong(verb, value));
    case "f":
      return typeof value === "number" ? fixedText(value, precision) : wrong(verb, value);
    case "e":
      return typeof value === "number" ? exponentText(value, precision) : wrong(verb, value);
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0";
      return (integer(value) ?? wrong(verb, value)).toString(2);
    case "o":
      return (integer(value) ?? wrong(verb, value)).toString(8);
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    default:
      return fail(`unrecognized formatting clause "${verb}"`);
  }
}

function wrong(verb: string, value: Value): never {
  fail(`%${verb} cannot format ${typeNameOf(value)}`);
}

function integer(value: Value): bigint | undefined {
  if (typeof value === "bigint") return value;
  return value instanceof Uint ? value.value : undefined;
}

function hexadecimal(value: Value): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return (integer(value) ?? wrong("x", value)).toString(16);
}

function plain(value: Value): string {
  switch (kindOf(value)) {
    case "null_type":
      return "null";
    case "type":
      return (value as TypeValue).typeName;
    case "bytes":
      return Buffer.from(value as Uint8Array).toString("utf8");
    case "list":
      spend((value as readonly Value[]).length);
      return `[${(value as readonly Value[]).map(plain).join(", ")}]`;
    case "map":
      return plainMap(value as CelMap<Value, Value>);
    case "message":
      return wrong("s", value);
    default:
      return toText(value);
  }
}

function plainMap(map: CelMap<Value, Value>): string {
  spend(map.size);
  const entries = map.entries().map(([key, value]) => [plain(key), plain(value)] as const);
  entries.sort(([a], [b]) => compareStrings(a, b));
  return `{${entries.map(([key, value]) => `${key}: ${value}`).join(", ")}}`;
}
