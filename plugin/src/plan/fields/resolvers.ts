import { type Path, parsePath, partOf, type Text } from "../../expression/path.js";
import { splitAssignment } from "../../expression/split.js";
import { typeText } from "../../expression/types.js";
import type { FieldRule } from "../../source/annotations.js";
import { describeType, type Field, fieldName } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import { planGuards } from "../policy/field-policy.js";
import type { JoinPlan, LookupPlan, ReadPlan, ResolverPlan, UpstreamMethod, Value } from "../types.js";
import { resolveExpression } from "../values/expressions.js";
import type { Scope } from "../values/scope.js";
import { resolveValue } from "../values/values.js";
import { valuesIn } from "../walk.js";
import { methodName, planMayCall } from "./may-call.js";
import { checkMadeAnys } from "./resolver-anys.js";
import { planResolverSets } from "./resolver-sets.js";
import type { Translators } from "./translators.js";

const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** No functions in JavaScript have these names, or all objects have them. */
const TAKEN = new Set(["constructor", "default", "prototype", "then", "toString", "valueOf", "__proto__"]);
const MAX_ROWS = 10_000;

/** Whether a function can have the name; reports where it cannot. */
export function checkResolverName(context: Context, name: string, place: Place): boolean {
  if (IDENTIFIER.test(name) && !TAKEN.has(name)) return true;
  context.report(
    "resolver-name",
    place,
    `"${name}" cannot be the name of a function`,
    'give it a name of letters, digits and _, such as "greeting", that is no other thing in JavaScript',
  );
  return false;
}

/**
 * The `resolver` of a field, as a join: what it reads is gathered for all rows in one walk, the function runs for each of
 * them, and what it gives is written in the next walk.
 */
export function planResolver(
  translators: Translators,
  field: Field,
  rule: FieldRule,
  names: Scope,
  method: MethodScope,
): JoinPlan | undefined {
  const { context } = translators;
  const element = field.desc!;
  const place: Place = { element, path: ["resolver"] };
  if (!checkResolverName(context, rule.resolver, place) || !checkMadeAnys(context, [field], place))
    return undefined;
  const { target: _, ...scope } = names;
  const reads: ReadPlan[] = [];
  const key: Value[] = [];
  let isFine = true;
  rule.reads.forEach((text, index) => {
    const read = planRead(context, text, { element, path: ["reads", index] }, scope, reads);
    if (read === undefined) isFine = false;
    else {
      reads.push(read.plan);
      key.push(read.value);
    }
  });
  const mayCall = planMayCall(context, rule.mayCall, { element, path: ["may_call"] });
  if (!isFine || mayCall === undefined) return undefined;
  const guards =
    field.type.kind === "message" ? planGuards(context, [field.type.message], method) : new Map();
  const sets = planResolverSets(translators, mayCall, method);
  const resolver: ResolverPlan = { name: rule.resolver, field, reads, mayCall, sets, guards };
  if (!isOneFunction(context, resolver.name, signatureOf(resolver), fieldName(field), place))
    return undefined;
  const joins = key.flatMap(valuesIn).flatMap(({ root }) => (root.kind === "join" ? [root.join] : []));
  const after = [...new Set(joins)];
  const plan = {
    name: field.name,
    owner: field.parent,
    lookup: lookupOf(resolver, field),
    key,
    keyList: false,
    onMissing: "empty",
    onError: [],
    after,
    use: "one",
  } as Omit<JoinPlan, "result"> & { result?: Value };
  plan.result = { root: { kind: "join", join: plan as JoinPlan }, path: [] };
  return plan as JoinPlan;
}

function lookupOf(resolver: ResolverPlan, field: Field): LookupPlan {
  return {
    resolver,
    // Nothing is called: what is found is the public message, with this field alone.
    method: {
      service: "",
      name: `resolver ${resolver.name}`,
      kind: "unary",
      effect: "READ",
      input: field.parent,
      output: field.parent,
    },
    mode: "each",
    keyTypes: [],
    ask: [],
    row: [],
    match: undefined,
    set: undefined,
    batchSize: 1,
    maxKeys: MAX_ROWS,
    maxRows: MAX_ROWS,
    pages: undefined,
    timeoutMs: undefined,
  };
}

/** One of `reads`, or a call of a method: "user.email", or "name = value". */
export function planRead(
  context: Context,
  text: string,
  place: Place,
  scope: Scope,
  others: readonly ReadPlan[],
): { plan: ReadPlan; value: Value } | undefined {
  const parts = splitAssignment(text);
  const said: Text = parts?.value ?? { value: text, offset: 0 };
  const path = parsePath(parts?.target ?? said);
  if (parts !== undefined ? path?.length !== 1 : path === undefined && text.trim() !== "") {
    context.report(
      "resolver-reads",
      { ...place, part: partOf(parts?.target ?? said) },
      parts === undefined
        ? `"${text.trim()}" has no name by which the function gets it`
        : `"${parts.target.value.trim()}" is not a name`,
      'write it as "total = price * quantity"',
    );
    return undefined;
  }
  const value = resolveValue(context, said, scope, place);
  if (value === undefined) return undefined;
  const expression =
    value.root.kind === "expression" ? value.root.expression : resolveExpression(context, said, scope, place);
  if (expression === undefined) return undefined;
  const name = propertyName(path!);
  if (TAKEN.has(name)) {
    context.report(
      "resolver-reads",
      { ...place, part: partOf(parts?.target ?? said) },
      `all objects in JavaScript have a "${name}" already`,
      place.path?.[0] === "call"
        ? "give the call another name"
        : `give it a name of its own: "other = ${said.value.trim()}"`,
    );
    return undefined;
  }
  if (others.some((other) => other.name === name)) {
    context.report(
      "resolver-reads",
      { ...place, part: partOf(parts?.target ?? said) },
      `the function gets another "${name}" already`,
      `give one of them a name of its own: "other = ${said.value.trim()}"`,
    );
    return undefined;
  }
  const field = value.root.kind === "expression" ? undefined : value.path.at(-1);
  const isPlain = value.root.kind === "source" || value.root.kind === "request";
  const isImplicit =
    field !== undefined && (field.cardinality !== "singular" || field.presence === "implicit");
  return {
    value: { root: { kind: "expression", expression }, path: [] },
    plan: { name, type: expression.tree.type, field, isOptional: !(isPlain && isImplicit) },
  };
}

/** "user.email" is `userEmail` to the function. */
function propertyName(path: Path): string {
  const words = path.map(({ name }) => name).join("_");
  return words.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/_/g, "");
}

const functions = new WeakMap<Context, Map<string, { readonly signature: string; readonly user: string }>>();

/** A function that several use is one: reports where it would have two types. */
export function isOneFunction(
  context: Context,
  name: string,
  signature: string,
  user: string,
  place: Place,
): boolean {
  const known = functions.get(context) ?? new Map();
  functions.set(context, known);
  const other = known.get(name);
  if (other === undefined) known.set(name, { signature, user });
  if (other === undefined || other.signature === signature) return true;
  context.report(
    "resolver-name",
    place,
    `"${name}" is of another type for ${other.user}: it would read, call or give something else`,
    "give it another name",
  );
  return false;
}

function signatureOf({ field, reads, mayCall }: ResolverPlan): string {
  return `${givenText(reads, mayCall)} -> ${describeType(field)}`;
}

/** What a function gets, as text: equal for those that are of one type. */
export function givenText(reads: readonly ReadPlan[], mayCall: readonly UpstreamMethod[]): string {
  const read = reads.map(
    ({ name, type, field: from, isOptional }) =>
      `${name}${isOptional ? "?" : ""}: ${from === undefined ? typeText(type) : describeType(from)}`,
  );
  const calls = mayCall.map(methodName);
  return `${read.sort().join(", ")} ${calls.sort().join(", ")}`;
}
