import type { DescMethod } from "@bufbuild/protobuf";
import { type MethodRule, messageRule, methodRule, Outcome } from "../source/annotations.js";
import { type Field, type Message, messageOf } from "../source/model.js";
import { budgetOf } from "./budget/budget.js";
import type { Budget } from "./budget/types.js";
import { CallPlanner } from "./calls/calls.js";
import { planEnsures } from "./calls/ensures.js";
import { errorExpressions } from "./calls/on-error.js";
import { takesStream } from "./calls/stream-kind.js";
import type { Context } from "./context.js";
import { parseDuration } from "./duration.js";
import { planMethodResolver } from "./fields/method-resolver.js";
import { resolverAnys } from "./fields/resolver-anys.js";
import type { Translators } from "./fields/translators.js";
import type { ServiceScope } from "./method-scope.js";
import { anyMessages } from "./policy/any-guards.js";
import { planGuards } from "./policy/field-policy.js";
import { planPolicy } from "./policy/policy.js";
import { readMaskOf } from "./policy/read-mask.js";
import type { RuleId } from "./rules.js";
import type {
  CallPlan,
  EnsurePlan,
  Expression,
  FieldPolicyPlan,
  JoinPlan,
  MethodPlan,
  MethodResolverPlan,
  PolicyPlan,
  Translator,
  Value,
} from "./types.js";
import { requestNamesIn, textsOf } from "./values/mentions.js";
import { type Scope, scopeAside } from "./values/scope.js";
import { eachTranslator, neededJoins, readsOfField, readsOfJoin, setsOf } from "./walk.js";

const DEFAULT_TIMEOUT_MS = 10_000;

/** Resolves one public method; undefined where a finding makes that impossible. */
export function planMethod(
  translators: Translators,
  desc: DescMethod,
  service: ServiceScope,
): MethodPlan | undefined {
  const { context } = translators;
  const rule = methodRule(desc);
  const timeoutMs = methodTimeout(context, rule, desc, service);
  const planner = new CallPlanner(translators, desc, rule, service);
  const calls = planner.plan();
  const request = messageOf(desc.input);
  const names = scopeAside({ request, lets: calls?.scope.lets, incomplete: calls === undefined });
  const policy = methodPolicy(context, desc, rule, service, names);
  const response = messageOf(desc.output);
  if (calls === undefined) {
    translators.excuse(response);
    return undefined;
  }
  const { scope, plans, source } = calls;
  const isResolved = rule !== undefined && rule.resolver !== "";
  const resolver = isResolved
    ? planMethodResolver(translators, desc, rule, service, { scope, calls: plans })
    : undefined;
  const translator = isResolved ? nothing(response) : translators.response(response, source, scope);
  const ensures = planEnsures(context, desc, rule, scope, plans, source, translator);
  for (const { joins } of ensures) for (const join of joins) translators.ensure(translator!, join);
  const isReadByHand = isResolved || (translator !== undefined && hasResolvers(translator));
  const given = anyMessages(plans, translator);
  const anys = isReadByHand ? resolverAnys(translators, request, given) : given;
  const guards = planGuards(context, [request, ...[...anys.values()].flatMap((some) => [...some])], scope);
  const conditions = conditionsOf(ensures, policy, plans, [
    ...guards.values(),
    ...(resolver?.guards.values() ?? []),
  ]);
  const reads = translator === undefined ? [] : requestReads(translator, conditions);
  // What is wrong may have been meant to read the request.
  const isFine = context.findings.every((finding) => finding.id === "request-unused");
  const texts = [
    ...scope.serviceSets.map(({ text }) => text),
    ...(service.rule === undefined ? [] : textsOf(service.rule)),
    ...(rule === undefined ? [] : textsOf(rule)),
  ];
  if (isFine) planner.reportUnusedLets();
  planner.reportUnused(new Set([...reads, ...(isFine ? [] : requestNamesIn(request, response, texts))]));
  checkDrops(context, response, translator, desc.name);
  if (translator === undefined || policy === undefined || (isResolved && resolver === undefined))
    return undefined;
  let budget: Budget | undefined;
  return {
    desc,
    service: service.desc,
    kind: desc.methodKind,
    policy,
    timeoutMs,
    request: messageOf(desc.input),
    response,
    calls: plans,
    ensures,
    translator,
    ...(resolver !== undefined && { resolver }),
    // A resolver may read any of it.
    checkRequest: guards.size > 0 || isResolved || needsCheck(plans, translator, conditions),
    firstRequest: !takesStream(desc.methodKind)
      ? "unread"
      : readMaskOf(messageOf(desc.input)) !== undefined
        ? "read"
        : isResolved
          ? firstBefore(plans, resolver, ensures, policy, conditions)
          : firstRequest(plans, translator, conditions),
    readMask: readMaskOf(messageOf(desc.input)),
    guards,
    anys,
    isReadByHand,
    // Worked out when it is asked for: joins without end are found later.
    get budget() {
      budget ??= budgetOf(plans, translator, resolver);
      return budget;
    },
    maxCalls: rule?.maxCalls || undefined,
  };
}

/** Reports joins on the response itself that would leave it out: there is no list that it stands in. */
function checkDrops(
  context: Context,
  response: Message,
  translator: Translator | undefined,
  method: string,
): void {
  const said = messageRule(response.desc!)?.join ?? [];
  for (const join of translator?.joins ?? []) {
    const index = said.findIndex(({ name }) => name === join.name);
    const report = (id: RuleId, ...path: Array<string | number>) =>
      context.report(
        id,
        { element: response.desc!, path: ["join", index, ...path] },
        `${response.typeName} is the response of ${method}: there is no list that it can be dropped from`,
        "write FAIL, or leave it out",
      );
    if (join.onMissing === "drop") report("on-missing", "on_missing");
    const rule =
      join.onError.length === 0 ? -1 : said[index]!.onError.findIndex(({ then }) => then === Outcome.DROP);
    if (rule >= 0) report("on-error", "on_error", rule, "then");
  }
}

/** The expressions of a method that stand in no message of the response. */
function conditionsOf(
  ensures: readonly EnsurePlan[],
  policy: PolicyPlan | undefined,
  calls: readonly CallPlan[],
  guards: readonly FieldPolicyPlan[],
): Expression[] {
  const policies = [...(policy === undefined || policy.kind === "public" ? [] : [policy]), ...guards];
  return [
    ...ensures.map(({ that }) => that),
    ...policies.flatMap(({ when }) => (when === undefined ? [] : [when])),
    ...calls.flatMap(({ onError }) => errorExpressions(onError)),
  ];
}

/** What is asked beside the rows of a join: what becomes of its errors, and who may have what its function makes. */
function asidesOf({ onError, lookup }: JoinPlan): Expression[] {
  const guards = [...(lookup.resolver?.guards.values() ?? [])];
  return [...errorExpressions(onError), ...guards.flatMap(({ when }) => (when === undefined ? [] : [when]))];
}

/** The fields of the public request that the response and its joins read by `request.name`. */
function requestReads(translator: Translator, conditions: readonly Expression[]): Set<string> {
  const names = new Set<string>();
  const note = (value: Value) => {
    if (value.root.kind !== "request") return;
    // Who reads the request itself reads all of it.
    const [first] = value.path;
    for (const { name } of first === undefined ? value.root.message.fields : [first]) names.add(name);
  };
  for (const value of conditions.flatMap(({ reads }) => reads)) note(value);
  eachTranslator(translator, (inner) => {
    // The `set` of a join: it may be one that never runs.
    if (inner.direction === "request") return;
    for (const value of inner.fields.flatMap(readsOfField)) note(value);
    for (const join of neededJoins(inner)) {
      for (const value of readsOfJoin(join)) note(value);
      for (const { reads } of asidesOf(join)) reads.forEach(note);
      for (const { fields } of setsOf(join)) fields.flatMap(readsOfField).forEach(note);
    }
  });
  return names;
}

/**
 * A malformed request must be found before anything is called. One call whose request is translated from the whole
 * public request finds it by itself; anything else does not.
 */
function needsCheck(
  calls: readonly CallPlan[],
  response: Translator,
  conditions: readonly Expression[],
): boolean {
  // Resolvers may read any of it.
  if (calls.length !== 1 || hasResolvers(response) || requestReads(response, conditions).size > 0)
    return true;
  let isWhole = calls[0]!.when === undefined;
  eachTranslator(calls[0]!.nextRequest ?? calls[0]!.request, ({ fields, source }) => {
    const read = new Set(
      fields.map(({ value }) =>
        value.root.kind === "source" && value.path.length === 1 ? value.path[0] : undefined,
      ),
    );
    // What a later member of its oneof replaces is not read.
    const isReplaced = (field: Field) => field.oneof !== undefined && field.type.kind === "message";
    if (source?.fields.some((field) => !read.has(field) || isReplaced(field))) isWhole = false;
  });
  return !isWhole;
}

function hasResolvers(response: Translator): boolean {
  let found = false;
  eachTranslator(response, ({ joins }) => {
    if (joins.some(({ lookup }) => lookup.resolver !== undefined)) found = true;
  });
  return found;
}

/** A resolver makes all of the response. */
function nothing(target: Message): Translator {
  return { direction: "response", target, source: undefined, fields: [], joins: [] };
}

/** What reads a stream's first request before the resolver reads it: what is called, or asked before it. */
function firstBefore(
  calls: readonly CallPlan[],
  resolver: MethodResolverPlan | undefined,
  ensures: readonly EnsurePlan[],
  policy: PolicyPlan,
  others: readonly Expression[],
): MethodPlan["firstRequest"] {
  const readsIt = (expression: Expression | undefined) =>
    expression?.reads.some(({ root }) => root.kind === "request") === true;
  const isSet = resolver?.sets.some(({ request }) =>
    request.fields.flatMap(readsOfField).some(({ root }) => root.kind === "request"),
  );
  const isRead =
    isSet === true ||
    calls.some(({ request, when }) => request.fields.length > 0 || readsIt(when)) ||
    ensures.some(({ that }) => readsIt(that)) ||
    (policy.kind !== "public" && readsIt(policy.when));
  if (isRead) return "read";
  // Who may have a field, and what becomes of errors, is asked of the call.
  return others.some(readsIt) ? "awaited" : "unread";
}

/** What reads a stream's first request before its call starts: other calls, or `request`; a `set` waits for it. */
function firstRequest(
  calls: readonly CallPlan[],
  response: Translator,
  conditions: readonly Expression[],
): MethodPlan["firstRequest"] {
  if (calls.length > 1) return "read";
  let isRead = conditions.some(({ reads }) => reads.some(({ root }) => root.kind === "request"));
  const note = (translator: Translator) => {
    const reads = [
      ...translator.fields.flatMap(readsOfField),
      ...translator.joins.flatMap((join) => [
        ...readsOfJoin(join),
        ...asidesOf(join).flatMap((said) => said.reads),
      ]),
    ];
    if (reads.some(({ root }) => root.kind === "request")) isRead = true;
  };
  eachTranslator(calls[0]!.request, note);
  eachTranslator(response, note);
  if (isRead) return "read";
  return calls[0]!.nextRequest === undefined ? "unread" : "awaited";
}

/** A method's own policy, or else its service's; that there is none has been reported. */
function methodPolicy(
  context: Context,
  desc: DescMethod,
  rule: MethodRule | undefined,
  service: ServiceScope,
  names: Scope,
): PolicyPlan | undefined {
  if (rule?.allow !== undefined)
    return planPolicy(context, rule.allow, { element: desc, path: ["allow"] }, names);
  if (service.rule?.allow === undefined) return undefined;
  return planPolicy(context, service.rule.allow, { element: service.desc, path: ["allow"] }, names);
}

function methodTimeout(
  context: Context,
  rule: MethodRule | undefined,
  desc: DescMethod,
  service: ServiceScope,
): number {
  if (rule !== undefined && rule.timeout !== "") {
    return parseDuration(context, rule.timeout, { element: desc, path: ["timeout"] }) ?? DEFAULT_TIMEOUT_MS;
  }
  if (service.rule !== undefined && service.rule.timeout !== "") {
    return (
      parseDuration(context, service.rule.timeout, { element: service.desc, path: ["timeout"] }) ??
      DEFAULT_TIMEOUT_MS
    );
  }
  return DEFAULT_TIMEOUT_MS;
}
