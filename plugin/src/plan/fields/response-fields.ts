import type { Path } from "../../expression/path.js";
import { type FieldRule, fieldRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import { isCut } from "../joins/depth.js";
import { planKeyJoin } from "../joins/joins.js";
import type { MethodScope } from "../method-scope.js";
import { suggestion } from "../names.js";
import { planFieldPolicy } from "../policy/field-policy.js";
import type { FieldPlan, Translator, Value } from "../types.js";
import { resolveCondition } from "../values/expressions.js";
import { namesIn, type Scope } from "../values/scope.js";
import { descend, resolveValue } from "../values/values.js";
import { checkFieldRule } from "./field-rule.js";
import { planResolver } from "./resolvers.js";
import type { Translators } from "./translators.js";

/** Where a field of a public response comes from, and how it is converted; undefined where it stays empty or is wrong. */
export function planResponseField(
  translators: Translators,
  field: Field,
  names: Scope,
  translator: Translator,
  scope: MethodScope,
  any: readonly string[],
): FieldPlan | undefined {
  const { context } = translators;
  const desc = field.desc!;
  const rule = fieldRule(desc);
  const at: Place = { element: desc };
  if (rule !== undefined && !checkFieldRule(context, rule, desc)) return undefined;
  if (rule?.unset || translators.exposure.isInternal(field)) return undefined;
  if (rule !== undefined && rule.resolver !== "") {
    const join = planResolver(translators, field, rule, names, scope);
    if (join === undefined) return undefined;
    const allow = planFieldPolicy(context, desc, scope);
    if (allow === "broken") return undefined;
    translator.joins.push(join);
    const conversion = { kind: "resolved" } as const;
    return { target: [field], value: join.result, conversion, ...(allow && { allow }) };
  }
  let value: Value | undefined;
  let place = at;
  if (rule !== undefined && rule.key !== "") {
    if (isCut(translators, field.parent, field.name, scope)) return undefined;
    const join = planKeyJoin(translators, field, rule, names, scope);
    if (join === undefined) return undefined;
    translator.joins.push(join);
    value = join.result;
    place = { element: desc, path: ["key"] };
  } else if (rule !== undefined && rule.from.length > 0) {
    const found = firstOf(translators, field, rule, names);
    if (found === undefined) return undefined;
    value = found.value;
    place = found.place;
  } else {
    value = byName(context, field, names);
  }
  if (value === undefined) return undefined;
  const when =
    rule === undefined || rule.when === ""
      ? undefined
      : resolveCondition(context, rule.when, names, { element: desc, path: ["when"] });
  if (rule?.when && when === undefined) return undefined;
  const allow = planFieldPolicy(context, desc, scope);
  if (allow === "broken") return undefined;
  const many = useOf(context, value, field, place);
  if (many === undefined) return undefined;
  const conversion = translators.convert(
    value,
    field,
    many,
    translator,
    scope,
    place,
    rule?.any.length ? rule.any : any,
  );
  if (conversion === undefined) return undefined;
  const condition = { ...(when && { when }), ...(allow && { allow }) };
  const { root } = value;
  if (root.kind !== "expression" || conversion.kind !== "message" || root.expression.origin === undefined)
    return { target: [field], value, conversion, ...condition };
  // Rows that are selected: they stay where they are.
  const { expression } = root;
  return { target: [field], value: root.expression.origin, selection: expression, conversion, ...condition };
}

/** The field of the field's own name. */
function byName(context: Context, field: Field, names: Scope): Value | undefined {
  const place: Place = { element: field.desc! };
  const { source } = names;
  const made = [names.joins, names.calls, names.lets].some((some) => some?.has(field.name));
  if (!made) {
    if (source === "broken") return undefined;
    if (names.incomplete && !source?.byName.has(field.name)) return undefined;
    if (source === undefined || !source.byName.has(field.name)) {
      const candidates = [
        ...names.joins.keys(),
        ...names.calls.keys(),
        ...(names.lets?.keys() ?? []),
        ...(source === undefined ? [] : namesIn(source)),
      ];
      const where =
        source === undefined
          ? "there is no call without a name"
          : `${source.typeName} has no field of that name`;
      context.report(
        "field-source",
        place,
        `the public field "${field.name}" has no source: ${where}`,
        suggestion(
          field.name,
          candidates,
          "say where it comes from with `from` or `key`, or that it stays empty with `unset: true`",
        ),
      );
      return undefined;
    }
  }
  const path: Path = [{ name: field.name, start: 0, end: 0 }];
  if (made) return resolveValue(context, { value: field.name, offset: 0 }, names, place);
  // Roots do not count here: a field may be called "source" or "request".
  const message = source as Message;
  return descend(context, { root: { kind: "source", message }, path: [] }, message, path, names, place);
}

/** What is found of a `from` that is meant for another source. */
const UNFIT = ["name-unknown", "path-unknown", "expression"];

/** Of several `from`, the first that the source at hand has. */
function firstOf(
  translators: Translators,
  field: Field,
  rule: FieldRule,
  names: Scope,
): { value: Value; place: Place } | undefined {
  const { context } = translators;
  const element = field.desc!;
  if (rule.from.length === 1) {
    const place: Place = { element, path: ["from", 0] };
    const value = resolveValue(context, { value: rule.from[0]!, offset: 0 }, names, place);
    return value === undefined ? undefined : { value, place };
  }
  let found: { value: Value; place: Place } | undefined;
  // One of them has a finding already, or reads a name that has.
  let broken = names.source === "broken" || names.incomplete === true;
  rule.from.forEach((text, index) => {
    const place: Place = { element, path: ["from", index] };
    const id = `${element.parent.typeName}.${element.name} ${index}`;
    let candidate = translators.candidates.get(id);
    if (candidate === undefined) {
      candidate = { place, text, used: false, sources: new Set(), message: field.parent, trouble: undefined };
      translators.candidates.set(id, candidate);
    }
    if (names.source === "broken" || names.incomplete) candidate.used = true;
    else if (names.source !== undefined) candidate.sources.add(names.source.typeName);
    const before = context.findings.length;
    const value = resolveValue(context, { value: text, offset: 0 }, names, place);
    // Not found here is fine as long as it is found somewhere; any other trouble is not.
    const trouble = context.findings.splice(before);
    const real = trouble.filter((finding) => !UNFIT.includes(finding.id));
    context.findings.push(...real);
    candidate.trouble ??= trouble[0];
    if (value === undefined && (real.length > 0 || trouble.length === 0)) broken = true;
    if (value !== undefined || real.length > 0 || trouble.length === 0) candidate.used = true;
    if (value !== undefined) found ??= { value, place };
  });
  if (found === undefined && !broken) {
    const where =
      typeof names.source === "object"
        ? `${names.source.typeName} has none of them`
        : "there is no call without a name";
    context.report(
      "field-source",
      { element },
      `no \`from\` of "${field.name}" fits: ${where}`,
      "add a `from` that fits here, or mark the field `unset` where it has no source",
    );
    for (const [id, candidate] of translators.candidates) {
      if (id.startsWith(`${element.parent.typeName}.${element.name} `)) candidate.used = true;
    }
  }
  return found;
}

/** Whether a value is used as a list of found rows; undefined, and reported, where uses differ. */
function useOf(context: Context, value: Value, field: Field, place: Place): boolean | undefined {
  if (value.root.kind !== "join") return false;
  const { join } = value.root;
  const whole = value.path === join.result.path;
  const isList = value.path.at(-1)?.cardinality === "repeated";
  const many = join.keyList || (whole && field.cardinality === "repeated" && !isList);
  const use = many ? "many" : "one";
  if (many && field.cardinality !== "repeated") {
    context.report(
      "join-use",
      place,
      `"${join.name}" gives many rows: its key is a list, and "${field.name}" holds one`,
      "make the field repeated, or the key a single value",
    );
    return undefined;
  }
  if (join.use !== undefined && join.use !== use) {
    context.report(
      "join-use",
      place,
      `"${join.name}" is used as ${use === "many" ? "a list here and as one row" : "one row here and as a list"} elsewhere`,
      "write a second join for the other use: the two share their calls",
    );
    return undefined;
  }
  join.use = use;
  return many;
}
