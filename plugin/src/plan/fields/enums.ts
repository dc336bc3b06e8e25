import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";
import { enumValueRule } from "../../source/annotations.js";
import { type Context, list, type Place } from "../context.js";
import { suggestion } from "../names.js";
import type { EnumPlan } from "../types.js";

/** Maps one enum to another by the names of the values. Reports values that have no twin. */
export function planEnum(
  context: Context,
  from: DescEnum,
  to: DescEnum,
  direction: "response" | "request",
  place: Place,
): EnumPlan | undefined {
  if (from === to) return sameEnum(from, direction);
  const isResponse = direction === "response";
  const [publicEnum, internalEnum] = isResponse ? [to, from] : [from, to];
  const twins = twinsOf(context, publicEnum, internalEnum, isResponse);
  if (twins === undefined) return undefined;
  const numbers = new Map<number, number>();
  if (isResponse) {
    const missing: string[] = [];
    for (const value of internalEnum.values) {
      const twin =
        twins.ofInternal.get(value.name) ?? aliasTwin(internalEnum, value, twins.ofInternal) ?? twins.rest;
      if (twin === undefined) missing.push(value.name);
      else if (!numbers.has(value.number)) numbers.set(value.number, twin.number);
    }
    if (missing.length > 0) {
      context.report(
        "enum-value",
        { element: publicEnum },
        `${publicEnum.typeName} has no twin for ${list(missing)} of ${internalEnum.typeName}`,
        'add values of these names, or name them in a value\'s `from`, or give one value `from: "*"` for all that have no twin',
      );
      return undefined;
    }
    // A closed enum never sees an unknown number: it is as if the field were not there.
    const hasZero = to.open || to.values.some((value) => value.number === 0);
    const otherwise = twins.rest?.number ?? (from.open && hasZero ? 0 : "ignore");
    return { from, to, numbers: [...numbers], otherwise: from.open ? otherwise : "ignore" };
  }
  for (const value of publicEnum.values) {
    const twin = twins.ofPublic.get(value.name);
    if (twin !== undefined && !numbers.has(value.number)) numbers.set(value.number, twin.number);
  }
  if (numbers.size === 0) {
    context.report(
      "enum-value",
      place,
      `no value of ${publicEnum.typeName} has a twin in ${internalEnum.typeName}`,
      "give the values the same names, or name the internal ones in `from`",
    );
    return undefined;
  }
  const lost = publicEnum.values.filter((value) => !numbers.has(value.number)).map((value) => value.name);
  if (!from.open && lost.length > 0) {
    // Of an open enum these are refused; of a closed one they would be as if the client had not set them.
    context.report(
      "enum-value",
      { element: publicEnum },
      `requests can hold ${list(lost)}, which ${internalEnum.typeName} has no twin for`,
      "name a twin in the value's `from`, or remove the value",
    );
    return undefined;
  }
  return { from, to, numbers: [...numbers], otherwise: from.open ? "invalid" : "ignore" };
}

function sameEnum(desc: DescEnum, direction: "response" | "request"): EnumPlan {
  const numbers = new Map(desc.values.map((value) => [value.number, value.number] as const));
  const otherwise = desc.open ? (direction === "request" ? "invalid" : 0) : "ignore";
  return { from: desc, to: desc, numbers: [...numbers], otherwise };
}

interface Twins {
  readonly ofInternal: ReadonlyMap<string, DescEnumValue>;
  readonly ofPublic: ReadonlyMap<string, DescEnumValue>;
  /** The public value for all internal ones without a twin. */
  readonly rest: DescEnumValue | undefined;
}

function twinsOf(
  context: Context,
  publicEnum: DescEnum,
  internalEnum: DescEnum,
  isResponse: boolean,
): Twins | undefined {
  const ofInternal = new Map<string, DescEnumValue>();
  const ofPublic = new Map<string, DescEnumValue>();
  let rest: DescEnumValue | undefined;
  let failed = false;
  const byName = new Map<string, DescEnumValue>();
  for (const value of internalEnum.values) {
    byName.set(value.name, value);
    byName.set(bareName(internalEnum, value), value);
  }
  for (const value of publicEnum.values) {
    const names = enumValueRule(value)?.from ?? [];
    names.forEach((name, index) => {
      const twice = (other: DescEnumValue) => {
        context.report(
          "enum-from",
          { element: value, path: ["from", index] },
          name === "*"
            ? `"${other.name}" stands already for all values without a twin`
            : `"${other.name}" stands already for "${name}" of ${internalEnum.typeName}`,
          "keep one of them",
        );
        failed = true;
      };
      if (name === "*") {
        if (rest !== undefined && rest !== value) twice(rest);
        rest = value;
        return;
      }
      const twin = byName.get(name);
      if (twin === undefined) {
        context.report(
          "enum-from",
          { element: value, path: ["from", index] },
          `${internalEnum.typeName} has no value "${name}"`,
          suggestion(name, byName.keys(), `its values: ${list(internalEnum.values.map((v) => v.name))}`),
        );
        failed = true;
        return;
      }
      const other = ofInternal.get(twin.name);
      if (isResponse && other !== undefined && other !== value) twice(other);
      ofInternal.set(twin.name, value);
      if (!ofPublic.has(value.name)) ofPublic.set(value.name, twin);
    });
  }
  for (const value of publicEnum.values) {
    const twin = byName.get(bareName(publicEnum, value)) ?? byName.get(value.name);
    if (twin === undefined) continue;
    if (!ofInternal.has(twin.name)) ofInternal.set(twin.name, value);
    if (!ofPublic.has(value.name)) ofPublic.set(value.name, twin);
  }
  return failed ? undefined : { ofInternal, ofPublic, rest };
}

/** With allow_alias, a value is its alias's twin too. */
function aliasTwin(desc: DescEnum, value: DescEnumValue, twins: ReadonlyMap<string, DescEnumValue>) {
  for (const other of desc.values) {
    if (other.number === value.number && twins.has(other.name)) return twins.get(other.name);
  }
  return undefined;
}

/** A value's name without its enum's own: STATE_DONE of State is DONE. */
export function bareName(desc: DescEnum, value: DescEnumValue): string {
  const prefix = `${desc.name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toUpperCase()}_`;
  return value.name.startsWith(prefix) && value.name.length > prefix.length
    ? value.name.slice(prefix.length)
    : value.name;
}
