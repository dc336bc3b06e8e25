import type { DescMethod } from "@bufbuild/protobuf";
import type { MethodRule } from "../../source/annotations.js";
import { type Message, messageOf } from "../../source/model.js";
import { mayBeAbsent } from "../calls/on-error.js";
import type { Context, Place } from "../context.js";
import type { MethodScope, ServiceScope } from "../method-scope.js";
import { planGuards } from "../policy/field-policy.js";
import type { CallPlan, CallReadPlan, MethodResolverPlan, UpstreamMethod } from "../types.js";
import { type Scope, scopeAside } from "../values/scope.js";
import { planMayCall } from "./may-call.js";
import { checkMadeAnys } from "./resolver-anys.js";
import { planResolverSets } from "./resolver-sets.js";
import { checkResolverName, givenText, isOneFunction, planRead } from "./resolvers.js";
import type { Translators } from "./translators.js";

/** The `resolver` of a method, which makes the response once its calls have answered; undefined where it is wrong. */
export function planMethodResolver(
  translators: Translators,
  desc: DescMethod,
  rule: MethodRule,
  { home }: ServiceScope,
  { scope, calls }: { readonly scope: MethodScope; readonly calls: readonly CallPlan[] },
): MethodResolverPlan | undefined {
  const { context } = translators;
  const name = rule.resolver;
  const place: Place = { element: desc, path: ["resolver"] };
  const isNamed = checkResolverName(context, name, place);
  const mayCall = planMayCall(
    context,
    rule.mayCall,
    { element: desc, path: ["may_call"] },
    { home, writes: true },
  );
  if (!isNamed || mayCall === undefined) return undefined;
  const reads = planReads(context, desc, scope, calls);
  if (reads === undefined) return undefined;
  const response = messageOf(desc.output);
  if (!checkMadeAnys(context, response.fields, place)) return undefined;
  const types = `${desc.methodKind} ${desc.input.typeName} -> ${response.typeName}`;
  const user = `${desc.parent.typeName}/${desc.name}`;
  if (!isOneFunction(context, name, `${types} ${givenText(reads, mayCall)}`, user, place)) return undefined;
  if (!rule.nonAtomic) checkWrites(context, desc, calls, mayCall);
  const sets = planResolverSets(translators, mayCall, scope);
  return { name, reads, mayCall, sets, guards: planGuards(context, [response], scope) };
}

/** What the function gets of each call: what its name stands for. */
function planReads(
  context: Context,
  desc: DescMethod,
  scope: MethodScope,
  calls: readonly CallPlan[],
): CallReadPlan[] | undefined {
  const reads: CallReadPlan[] = [];
  const unnamed = calls.find((call) => call.unnamed);
  const source = unnamed === undefined ? undefined : sourceOf(unnamed);
  const names: Scope = { ...scopeAside(scope), source, calls: scope.calls, exposes: true };
  for (const [index, call] of calls.entries()) {
    const place: Place = { element: desc, path: ["call", index, "name"] };
    const read = planRead(context, call.name, place, names, reads);
    const { root } = read?.value ?? {};
    if (read === undefined || root?.kind !== "expression") return undefined;
    reads.push({ ...read.plan, isOptional: isOptional(call), call, expression: root.expression });
  }
  return reads;
}

/** The message of the call without a name: what `select` picks of its reply. */
function sourceOf({ result, method }: CallPlan): Message {
  const last = result.path.at(-1);
  return last?.type.kind === "message" ? last.type.message : method.output;
}

function isOptional(call: CallPlan): boolean {
  const { path } = call.result;
  if (mayBeAbsent(call) || path.length > 1) return true;
  return path.some((field) => field.cardinality === "singular" && field.presence !== "implicit");
}

/** What the function does after a write is not taken back by itself. */
function checkWrites(
  context: Context,
  desc: DescMethod,
  calls: readonly CallPlan[],
  mayCall: readonly UpstreamMethod[],
): void {
  const isWrite = ({ effect }: { effect: CallPlan["effect"] }) => effect !== "READ";
  const said = calls.filter(isWrite).length;
  const second = mayCall.filter(isWrite)[said === 0 ? 1 : 0];
  // Two among the calls have their own finding.
  if (second === undefined || said > 1) return;
  context.report(
    "write-atomic",
    { element: desc, path: ["may_call", mayCall.indexOf(second)] },
    `${desc.name} may make two writes: when the second fails, the first is not taken back`,
    "make one internal method of them, or accept it: `non_atomic: true`",
  );
}
