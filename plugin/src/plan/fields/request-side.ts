import type { DescField } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Path, parsePath } from "../../expression/path.js";
import { fieldRule, messageRule } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import { suggestion } from "../names.js";
import { followPath, requestTarget } from "../values/assignment.js";
import { namesIn, RESERVED } from "../values/scope.js";

/** Whether a public field is one that requests set: not when it is fed by something else. */
export function isReadable(field: Field, scope: MethodScope): boolean {
  const { desc } = field;
  if (desc === undefined) return true;
  const rule = fieldRule(desc);
  if (isOutputOnly(desc)) return false;
  const joins = messageRule(desc.parent)?.join.map((join) => join.name) ?? [];
  const made = (name: string) =>
    joins.includes(name) || scope.calls.has(name) || scope.lets?.has(name) === true;
  if (rule === undefined) return !made(field.name);
  if (rule.unset || rule.outputOnly || rule.key !== "" || rule.resolver !== "") return false;
  if (rule.to !== "") return true;
  if (rule.from.length === 0) return !made(field.name);
  const path = parsePath({ value: rule.from[0]!, offset: 0 });
  if (path === undefined) return false;
  // A lone `request` or `auth` is a field of that name.
  const isRoot = path.length > 1 && path[0]!.name !== "source" && RESERVED.has(path[0]!.name);
  return !isRoot && !made(path[0]!.name);
}

/** Whether an annotation says where a public field goes in requests. */
export function isSaid(field: Field): boolean {
  const rule = field.desc === undefined ? undefined : fieldRule(field.desc);
  return rule !== undefined && (rule.to !== "" || rule.from.length > 0);
}

/** Where a public field goes in a request. */
export interface RequestPath {
  readonly fields: Field[];
  /** Where that is said: an option, or the field itself. */
  readonly place: Place;
}

/** Where a public field goes in a request: by `to`, by an inverted `from`, or by its name. Undefined: nowhere. */
export function requestPath(field: Field, target: Message): RequestPath | undefined {
  for (const { path, place } of pathsSaid(field, target)) {
    const fields = path === undefined ? undefined : followPath(target, path);
    if (fields !== undefined) return { fields, place };
  }
  return undefined;
}

/** Reports that a public field goes nowhere in a request, and by which name of which option. */
export function reportNowhere(context: Context, field: Field, target: Message): void {
  const [said] = pathsSaid(field, target);
  const { text, path, place } = said!;
  if (text === undefined) {
    context.report(
      "request-unused",
      place,
      `${target.typeName} has no field "${field.name}", so "${field.name}" goes nowhere in a request`,
      suggestion(
        field.name,
        namesIn(target),
        "say where it goes with `to`, or that requests do not set it with `output_only: true`",
      ),
    );
  } else if (path === undefined) {
    context.report(
      "syntax",
      place,
      `"${text}" is not a path`,
      'write the path of a field of the upstream request, such as "filter.owner_id"',
    );
  } else if (place.path?.[0] === "from" && !target.byName.has(path[0]!.name)) {
    // In the words of the way out, so that a name that is wrong both ways is one finding.
    context.report(
      "name-unknown",
      { ...place, part: path[0]! },
      `no "${path[0]!.name}" in ${target.typeName}, where requests write what is read from it`,
      suggestion(
        path[0]!.name,
        namesIn(target),
        "say where it goes with `to`, or mark it `output_only: true`",
      ),
    );
  } else {
    requestTarget(context, target, path, place);
  }
}

interface PathSaid {
  /** The text of the option; undefined where the field's name is the path. */
  readonly text: string | undefined;
  readonly path: Path | undefined;
  readonly place: Place;
}

function pathsSaid(field: Field, target: Message): PathSaid[] {
  const element = field.desc ?? target.desc!;
  const rule = field.desc === undefined ? undefined : fieldRule(field.desc);
  const read = (text: string, path: Array<string | number>): PathSaid => {
    const names = parsePath({ value: text, offset: 0 });
    const isRooted = names !== undefined && names[0]!.name === "source" && names.length > 1;
    return { text, path: isRooted ? names.slice(1) : names, place: { element, path } };
  };
  if (rule !== undefined && rule.to !== "") return [read(rule.to, ["to"])];
  if (rule !== undefined && rule.from.length > 0)
    return rule.from.map((text, index) => read(text, ["from", index]));
  return [{ text: undefined, path: [{ name: field.name, start: 0, end: 0 }], place: { element } }];
}

const FIELD_BEHAVIOR = 1052;
const OUTPUT_ONLY = 3;

/** Whether a public field is output only: by our own option, or by google.api.field_behavior. */
export function isOutputField(desc: DescField): boolean {
  return isOutputOnly(desc) || fieldRule(desc)?.outputOnly === true;
}

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
