import { takesStream } from "../../plan/calls/stream-kind.js";
import type { AnyMessages, EnumPlan, Guards, MethodPlan, Translator } from "../../plan/types.js";
import { eachTranslator, setsOf } from "../../plan/walk.js";
import type { Field, Message } from "../../source/model.js";
import { ownJoins } from "../analysis.js";
import { quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, messageShort } from "../names.js";
import { maskTable } from "../translator/mask.js";
import { isPackable, LEN, wireOf } from "../wire.js";
import { checkedAnys, holdsAny } from "./checked-anys.js";
import { type GuardedPaths, guardedMasks, guardedPaths } from "./guarded-masks.js";
import { masksIn } from "./masks.js";
import { fieldPolicy } from "./policy.js";

/** The enums of a public request, each with what its values become: not all that it can hold has to have a twin. */
type EnumFields = ReadonlyMap<Field, EnumPlan>;

/** The constant that says what a method's request looks like, to refuse what is wrong before anything is called. */
export function requestShape(file: FileScope, plan: MethodPlan): string {
  const enums = new Map<Field, EnumPlan>();
  // A single call's request is written before it is made, and refuses them itself.
  if (plan.calls.length > 1) for (const call of plan.calls) noteEnums(enums, call.request);
  if (!takesStream(plan.kind)) for (const set of setsIn(plan)) noteEnums(enums, set);
  const marks = {
    enums,
    tables: maskTables(file, plan),
    guards: plan.guards,
    masks: guardedMasks(plan),
    anys: checkedAnys(plan),
    only: plan.isReadByHand,
  };
  return shapeConstant(file, marks, plan.request);
}

/** What the shape of a method's request says beside what its messages are. */
interface Marks {
  readonly enums: EnumFields;
  readonly guards: Guards;
  /** Masks that are translated after something has been called: the tables of that. */
  readonly tables: ReadonlyMap<Field, ReadonlySet<string>>;
  /** Masks whose paths may name guarded fields: what each path touches. */
  readonly masks: ReadonlyMap<Field, GuardedPaths>;
  /** Anys that may hold guarded fields, or that functions read. */
  readonly anys: AnyMessages;
  /** Whether Anys that hold something else are refused here. */
  readonly only: boolean;
}

/**
 * Of one call, its request is written before anything is called; what is `set` for joins and resolvers is not. What a
 * condition may leave out is looked at once it is met.
 */
function maskTables(file: FileScope, plan: MethodPlan): ReadonlyMap<Field, ReadonlySet<string>> {
  const { calls, kind } = plan;
  const tables = new Map<Field, Set<string>>();
  if (takesStream(kind)) return tables;
  const made = calls.filter(({ when }) => when === undefined).map(({ request }) => request);
  for (const { mask, subject, isConditional } of masksIn([
    ...(calls.length < 2 ? [] : made),
    ...setsIn(plan),
  ]))
    if (!isConditional)
      tables.set(mask, (tables.get(mask) ?? new Set()).add(maskTable(file, subject, mask.name)));
  return tables;
}

/** What is `set` in requests that are written once something has been called. */
function setsIn({ translator, resolver }: MethodPlan): Translator[] {
  const sets = (resolver?.sets ?? []).map(({ request }) => request);
  eachTranslator(translator, (inner) => {
    if (inner.direction === "response") sets.push(...ownJoins(inner).flatMap(setsOf));
  });
  return sets;
}

function noteEnums(enums: Map<Field, EnumPlan>, request: MethodPlan["translator"]): void {
  eachTranslator(request, ({ fields }) => {
    for (const { conversion, value } of fields) {
      const last = value.path.at(-1);
      if (last !== undefined && conversion.kind === "enum" && !enums.has(last))
        enums.set(last, conversion.map);
      if (conversion.kind === "map" && conversion.value.kind === "enum" && !enums.has(conversion.from))
        enums.set(conversion.from, conversion.value.map);
    }
  });
}

function shapeConstant(file: FileScope, marks: Marks, message: Message): string {
  // Also so that the constants which it names stand before it.
  const own = [
    ...[...marks.enums].map(([field, map]) => `${file.id(field)} ${map.to.typeName}`),
    ...[...marks.guards].map(([field, policy]) => `${file.id(field)} ${fieldPolicy(file, policy)}`),
    ...[...marks.masks].map(([field, paths]) => `${file.id(field)} ${guardedPaths(file, field, paths)}`),
    ...[...marks.tables].map(([field, names]) => `${file.id(field)} ${[...names].join(" ")}`),
    ...[...marks.anys].map(([field, all]) => `${file.id(field)} ${[...all].map(({ typeName }) => typeName)}`),
  ];
  const key = `shape ${message.typeName} ${own.join()}${marks.only ? " only" : ""}`;
  return file.once(key, camel(`${messageShort(message)}_shape`), file.lookups, (name, code) => {
    file.use("Shape", true);
    const entries = message.fields.map((field) => `[${field.number}, ${shape(file, marks, field)}]`);
    // The formatter keeps a list of lists on one line only if it has one element.
    if (entries.length < 2) code.line(`const ${name}: Shape = new Map([${entries.join(", ")}]);`);
    else {
      code.block(`const ${name}: Shape = new Map([`, () => {
        for (const entry of entries) code.line(`${entry},`);
      }, "]);"); // biome-ignore format: short
    }
  });
}

function shape(file: FileScope, marks: Marks, field: Field): string {
  const { enums, guards, masks, tables, anys } = marks;
  const policy = guards.get(field);
  const guard = policy === undefined ? "" : `, allow: ${fieldPolicy(file, policy)}`;
  if (field.type.kind === "message") {
    const inner = shapeConstant(file, marks, field.type.message);
    const paths = masks.get(field);
    const named = [...(tables.get(field) ?? [])];
    const known = named.length === 0 ? "" : `, tables: [${named.join(", ")}]`;
    const mask = `${paths === undefined ? "" : `, paths: ${guardedPaths(file, field, paths)}`}${known}`;
    const types = [...(anys.get(field) ?? [])].map(
      (message) => `[${quote(message.typeName)}, () => ${shapeConstant(file, marks, message)}]`,
    );
    const any =
      types.length === 0 ? "" : `, any: new Map([${types.join(", ")}])${marks.only ? ", only: true" : ""}`;
    const isWhole = any !== "" || holdsAny(field.type.message, anys);
    const whole = isWhole && field.cardinality === "singular" ? ", whole: true" : "";
    return `{ message: () => ${inner}${field.delimited ? ", group: true" : ""}${guard}${mask}${any}${whole} }`;
  }
  const wire = wireOf(field);
  const parts = [`wire: ${wire}`];
  if (wire === LEN && field.utf8 && field.type.kind === "scalar" && field.type.scalar === "string")
    parts.push("utf8: true");
  if (isPackable(field)) parts.push("packable: true");
  const map = enums.get(field);
  if (map?.otherwise === "invalid") parts.push(`value: ${file.enumMap(map, "request")}`);
  if (map !== undefined && field.cardinality === "singular" && field.presence === "implicit")
    parts.push("zero: true");
  return `{ ${parts.join(", ")}${guard} }`;
}
