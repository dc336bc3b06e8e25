import type { DescMethod } from "@bufbuild/protobuf";
import type { Ensure, MethodRule } from "../../source/annotations.js";
import type { Message } from "../../source/model.js";
import { type Context, list, type Place } from "../context.js";
import type { MethodScope } from "../method-scope.js";
import { nearest } from "../names.js";
import type { CallPlan, EnsurePlan, JoinPlan, Translator } from "../types.js";
import { resolveCondition } from "../values/expressions.js";
import { eachTranslator, readsOfField, readsOfJoin } from "../walk.js";
import { mayBeAbsent } from "./on-error.js";
import { answersStream } from "./stream-kind.js";

/** The codes with which a caller can be turned away. */
export const DENIALS = [
  "NOT_FOUND",
  "PERMISSION_DENIED",
  "FAILED_PRECONDITION",
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "ABORTED",
  "ALREADY_EXISTS",
  "OUT_OF_RANGE",
  "RESOURCE_EXHAUSTED",
] as const;

/** Resolves the conditions on what a method has loaded; `translator` writes its response. */
export function planEnsures(
  context: Context,
  desc: DescMethod,
  rule: MethodRule | undefined,
  scope: MethodScope,
  calls: readonly CallPlan[],
  source: Message | undefined | "broken",
  translator: Translator | undefined,
): EnsurePlan[] {
  const plans: EnsurePlan[] = [];
  rule?.ensure.forEach((ensure, index) => {
    const place: Place = { element: desc, path: ["ensure", index] };
    const plan = planEnsure(context, ensure, place, scope, calls, source, translator);
    if (plan !== undefined) plans.push(plan);
  });
  return plans;
}

function mayFindNothing({ onMissing, onError }: JoinPlan): boolean {
  return onMissing !== "fail" || onError.some(({ outcome }) => outcome !== "fail");
}

/** The calls that the key of a join reads, and those of the joins before it. */
function callsOfJoin(join: JoinPlan): CallPlan[] {
  const own = readsOfJoin(join).flatMap(({ root }) => (root.kind === "call" ? [root.call] : []));
  return [...own, ...join.after.flatMap(callsOfJoin)];
}

/** A write that a reading call waits for only because it is written after it: nothing of its result is needed. */
function writeBefore(call: CallPlan, calls: readonly CallPlan[]): CallPlan | undefined {
  const needed = new Set<CallPlan>();
  const visit = (one: CallPlan): void => {
    if (needed.has(one)) return;
    needed.add(one);
    for (const other of callsRead(one)) visit(other);
  };
  visit(call);
  // A stream comes last, wherever it is written.
  if (answersStream(call.method.kind)) return undefined;
  if ([...needed].some(({ effect }) => effect !== "READ")) return undefined;
  return calls.find((other) => other.effect !== "READ" && call.after.has(other));
}

/** The calls whose replies a call's request, or its condition, reads. */
function callsRead({ request, when }: CallPlan): CallPlan[] {
  const reads = [...(when?.reads ?? [])];
  eachTranslator(request, ({ fields }) => reads.push(...fields.flatMap(readsOfField)));
  return reads.flatMap(({ root }) => (root.kind === "call" ? [root.call] : []));
}

function planEnsure(
  context: Context,
  ensure: Ensure,
  place: Place,
  scope: MethodScope,
  calls: readonly CallPlan[],
  source: Message | undefined | "broken",
  translator: Translator | undefined,
): EnsurePlan | undefined {
  const option = (name: string): Place => ({ ...place, path: [...place.path!, name] });
  const code = ensure.code === "" ? "NOT_FOUND" : ensure.code;
  let fine = true;
  if (!DENIALS.some((name) => name === code)) {
    fine = false;
    const [near] = nearest(code, DENIALS);
    context.report(
      "ensure",
      option("code"),
      `"${code}" is not a code that a denial can have`,
      near === undefined ? `write one of ${list(DENIALS)}` : `did you mean "${near}"?`,
    );
  }
  if (ensure.that === "") {
    context.report(
      "ensure",
      place,
      "an `ensure` without a condition",
      'write `that: "order.user_id == auth.subject"`',
    );
    return undefined;
  }
  const at = option("that");
  const joins = new Map((translator?.joins ?? []).map((join) => [join.name, join]));
  const that = resolveCondition(
    context,
    ensure.that,
    {
      source,
      request: scope.request,
      calls: scope.calls,
      joins,
      exposes: false,
      incomplete: scope.incomplete || translator === undefined,
      lets: scope.lets,
    },
    at,
  );
  if (that === undefined || !fine) return undefined;
  const after = new Set<CallPlan>();
  const joined = new Set<JoinPlan>();
  for (const { root } of that.reads) {
    if (root.kind === "call") after.add(root.call);
    if (root.kind === "source") for (const call of calls) if (call.unnamed) after.add(call);
    if (root.kind === "join") joined.add(root.join);
  }
  // Where the message of a join is not there, the join is not made; unless it is made without that, before a write.
  const writes = calls.some(({ effect }) => effect !== "READ");
  const walksSource = (join: JoinPlan): boolean =>
    !writes ||
    join.after.some(walksSource) ||
    readsOfJoin(join).some(({ root }) => ["source", "this", "parent"].includes(root.kind));
  const needed = [...joined].some(walksSource)
    ? [...after, ...calls.filter(({ unnamed }) => unnamed)]
    : [...after];
  const open = needed.find(mayBeAbsent) ?? [...joined].find(mayFindNothing);
  if (open !== undefined) {
    context.report(
      "ensure",
      at,
      `"${open.name}" may be absent without an error, so nobody could tell a denial from that`,
      "method" in open
        ? "remove its `when` or `on_error`"
        : open.onMissing === "fail"
          ? "write `then: FAIL` in its `on_error`"
          : "give the join `on_missing: FAIL`",
    );
    return undefined;
  }
  const late = [...after, ...[...joined].flatMap(callsOfJoin)].flatMap((call) => {
    const write = writeBefore(call, calls);
    return write === undefined ? [] : [{ call, write }];
  })[0];
  if (late !== undefined) {
    const { call, write } = late;
    context.report(
      "ensure",
      at,
      `"${call.name}" is called after "${write.name}", which writes: by then it is too late to deny that`,
      `write the call of "${call.method.name}" before that of "${write.method.name}"`,
    );
    return undefined;
  }
  const stream = calls.find(({ unnamed, method }) => unnamed && answersStream(method.kind));
  const isLate = stream !== undefined && calls.some((call) => call !== stream && call.effect !== "READ");
  if (isLate && (joined.size > 0 || after.has(stream))) {
    context.report(
      "ensure",
      at,
      "this reads what the stream gives, and that comes after all that is written",
      "read another call instead",
    );
    return undefined;
  }
  return { that, code, message: ensure.message === "" ? undefined : ensure.message, after, joins: joined };
}
