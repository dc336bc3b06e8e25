import type { DescField } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { parsePath, pathText } from "../expression/path.js";
import { fieldRule, messageRule } from "../source/annotations.js";
import type { Field, Message } from "../source/model.js";
import { followPath } from "./assignment.js";
import type { Context, Place } from "./context.js";
import { suggestion } from "./names.js";
import type { MethodScope } from "./translators.js";

/** Whether a public field is one that requests set: not when it is fed by something else. */
export function isReadable(field: Field, scope: MethodScope): boolean {
  const { desc } = field;
  if (desc === undefined) return true;
  const rule = fieldRule(desc);
  if (isOutputOnly(desc)) return false;
  const joins = messageRule(desc.parent)?.join.map((join) => join.name) ?? [];
  const made = (name: string) =>
    joins.includes(name) || scope.calls.has(name) || name === "auth" || name === "request";
  if (rule === undefined) return !made(field.name);
  if (rule.unset || rule.outputOnly || rule.key !== "" || rule.resolver !== "") return false;
  if (rule.to !== "") return true;
  if (rule.from.length === 0) return !made(field.name);
  const path = parsePath({ value: rule.from[0]!, offset: 0 });
  return path !== undefined && !made(path[0]!.name);
}

/** Whether an annotation says where a public field goes in requests. */
export function isSaid(field: Field): boolean {
  const rule = field.desc === undefined ? undefined : fieldRule(field.desc);
  return rule !== undefined && (rule.to !== "" || rule.from.length > 0);
}

/** Where a public field goes in a request: undefined where it has no place there (reported if it `must`). */
export function requestPath(
  context: Context,
  field: Field,
  target: Message,
  must: boolean,
): { fields: Field[]; place: Place } | undefined {
  const desc = field.desc;
  const rule = desc === undefined ? undefined : fieldRule(desc);
  const said =
    rule === undefined
      ? undefined
      : rule.to !== ""
        ? (["to"] as const)
        : rule.from.length > 0
          ? (["from", 0] as const)
          : undefined;
  const element = desc ?? target.desc!;
  const texts = rule === undefined ? [] : rule.to !== "" ? [rule.to] : rule.from;
  const paths =
    texts.length > 0
      ? texts.map((value) => parsePath({ value, offset: 0 }))
      : [[{ name: field.name, start: 0, end: 0 }]];
  const place: Place = said === undefined ? { element } : { element, path: [...said] };
  for (const path of paths) {
    if (path === undefined) continue;
    const names = path[0]!.name === "source" && path.length > 1 ? path.slice(1) : path;
    const fields = followPath(target, names);
    if (fields !== undefined) return { fields, place };
  }
  if (must) {
    const wanted = paths[0] === undefined ? field.name : pathText(paths[0]);
    context.report(
      said === undefined ? "request-unused" : "path-unknown",
      place,
      `${target.typeName} has no field "${wanted}", so "${field.name}" goes nowhere in a request`,
      suggestion(
        wanted,
        target.fields.map((f) => f.name),
        "say where it goes with `to`, or that requests do not set it with `output_only: true`",
      ),
    );
  }
  return undefined;
}

const FIELD_BEHAVIOR = 1052;
const OUTPUT_ONLY = 3;

/** google.api.field_behavior = OUTPUT_ONLY, read without its descriptor: it need not be in the workspace. */
function isOutputOnly(desc: DescField): boolean {
  for (const unknown of desc.proto.options?.$unknown ?? []) {
    if (unknown.no !== FIELD_BEHAVIOR) continue;
    // Packed values come after their length; all values take one byte.
    const values = unknown.wireType === WireType.LengthDelimited ? unknown.data.slice(1) : unknown.data;
    if (values.includes(OUTPUT_ONLY)) return true;
  }
  return false;
}
