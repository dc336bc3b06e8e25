import { partOf, type Text } from "../../expression/path.js";
import { typeText } from "../../expression/types.js";
import { type OnError, Outcome } from "../../source/annotations.js";
import type { Context, Place } from "../context.js";
import { suggestion } from "../names.js";
import type { CallPlan, ErrorRulePlan, Expression, JoinPlan, LookupPlan } from "../types.js";
import { resolveCondition, resolveExpression } from "../values/expressions.js";
import type { Scope } from "../values/scope.js";
import { ERROR_CODES } from "./codes.js";
import { answersStream } from "./stream-kind.js";

/** What the errors of a call may become, as far as its kind says it. */
export function callErrors(
  context: Context,
  rules: readonly OnError[],
  { unnamed, effect, method }: Pick<CallPlan, "unnamed" | "effect" | "method">,
  names: Scope,
  place: Place,
): ErrorRulePlan[] {
  const isStream = answersStream(method.kind);
  return planRules(context, rules, names, place, (then) => {
    if (then === Outcome.DROP) return ["a call has no row that could be left out", "write EMPTY or FAIL"];
    if (then !== Outcome.EMPTY) return undefined;
    if (isStream)
      return [
        "a stream that ends early cannot pass for a whole one",
        "write FAIL, with `as` and `message` if need be",
      ];
    if (unnamed && effect !== "READ")
      return [
        "an empty response would say that the write has succeeded",
        "write FAIL, or give the call a name if the response does not depend on it",
      ];
    return undefined;
  });
}

/** What the errors of a join may become. */
export function joinErrors(
  context: Context,
  rules: readonly OnError[],
  lookup: Pick<LookupPlan, "mode">,
  names: Scope,
  place: Place,
): ErrorRulePlan[] {
  rules.forEach(({ code }, index) => {
    if (lookup.mode !== "each" || code !== "NOT_FOUND") return;
    context.report(
      "on-error",
      option(place, index, "code"),
      "asked for one key, NOT_FOUND is no error: the row is missing",
      "say with `on_missing` what becomes of missing rows",
    );
  });
  return planRules(context, rules, names, place, () => undefined);
}

/** Whether an error of a call may pass for an answer that is not there. */
export function mayBeEmpty({ onError }: CallPlan): boolean {
  return onError.some(({ outcome }) => outcome === "empty");
}

/** Whether there may be no reply of a call: what is made from it is then left out. */
export function mayBeAbsent(call: CallPlan): boolean {
  return call.when !== undefined || mayBeEmpty(call);
}

/** Whether a failed call of a join may pass: then it is not known what it would have found. */
export function mayBeUnknown({ onError }: JoinPlan): boolean {
  return onError.some(({ outcome }) => outcome !== "fail");
}

/** Whether rows of a join may be left out of their lists. */
export function mayDrop({ onMissing, onError }: JoinPlan): boolean {
  return onMissing === "drop" || onError.some(({ outcome }) => outcome === "drop");
}

function option(place: Place, ...path: Array<string | number>): Place {
  return { ...place, path: [...place.path!, "on_error", ...path] };
}

/** What is wrong with a `then`, and how to mend it. */
type Objection = readonly [message: string, fix: string];

function planRules(
  context: Context,
  rules: readonly OnError[],
  around: Scope,
  place: Place,
  objection: (then: Outcome) => Objection | undefined,
): ErrorRulePlan[] {
  const plans: ErrorRulePlan[] = [];
  const seen = new Set<string>();
  // What failed may be what they would read: they see the request and who asks.
  const names: Scope = {
    ...around,
    source: undefined,
    calls: new Map(),
    joins: new Map(),
    parent: undefined,
  };
  rules.forEach((rule, index) => {
    const at = (...path: Array<string | number>) => option(place, index, ...path);
    const then = rule.then;
    const when = rule.when === "" ? undefined : resolveCondition(context, rule.when, names, at("when"));
    if (rule.when !== "" && when === undefined) return;
    if (when !== undefined && readsAnswer(context, when, at("when"))) return;
    if (then === Outcome.STALE) {
      context.report(
        "on-error",
        at("then"),
        "STALE answers from a cache, and without `cache` there is none",
        "write EMPTY or FAIL",
      );
      return;
    }
    const isReached = checkReached(context, rule, seen, at);
    const wrong = objection(then);
    if (wrong !== undefined) context.report("on-error", at("then"), ...wrong);
    const isFailing = then === Outcome.FAIL || then === Outcome.OUTCOME_UNSPECIFIED;
    for (const name of ["as", "message"] as const) {
      if (isFailing || rule[name] === "") continue;
      context.report(
        "on-error",
        at(name),
        `\`${name}\` is for errors that the client gets, and with ${Outcome[then]} it gets none`,
        "remove it, or write `then: FAIL`",
      );
      return;
    }
    const code = codeOf(context, rule.code, at("code"));
    const as = codeOf(context, rule.as, at("as"));
    const message = rule.message === "" ? undefined : messageOf(context, rule.message, names, at("message"));
    if (!isReached) return;
    if (typeof message === "object" && readsAnswer(context, message, at("message"))) return;
    const outcome = then === Outcome.EMPTY ? "empty" : then === Outcome.DROP ? "drop" : "fail";
    plans.push({ code, outcome, when, as, message });
  });
  return plans;
}

/** Whether a `let` leads to what a call answers; reports it: what failed may be that call. */
function readsAnswer(context: Context, { reads }: Expression, place: Place): boolean {
  if (!reads.some(({ root }) => root.kind === "call" || root.kind === "join")) return false;
  context.report(
    "on-error",
    place,
    "this reads what a call answers, and that may be what failed",
    "read the request or `auth`",
  );
  return true;
}

/** The first that fits is taken: one that comes after its like is never reached. */
function checkReached(
  context: Context,
  { code, when }: OnError,
  seen: Set<string>,
  at: (...path: string[]) => Place,
): boolean {
  const isReached = !seen.has(code) && !seen.has("");
  if (!isReached) {
    context.report(
      "on-error-unreachable",
      code === "" ? at() : at("code"),
      seen.has("")
        ? "the entry without a code before it takes all errors"
        : `another entry for ${code} comes before it`,
      seen.has("") && code !== "" ? "write it first" : "remove one of them",
    );
  }
  // One with a condition leaves the others.
  if (when === "") seen.add(code);
  return isReached;
}

function codeOf(context: Context, name: string, place: Place): number | undefined {
  if (name === "") return undefined;
  const code = ERROR_CODES.get(name);
  if (code !== undefined) return code;
  const upper = name.toUpperCase().replace(/[\s-]/g, "_");
  const isCase = ERROR_CODES.has(upper);
  context.report(
    "on-error-code",
    place,
    name === "OK" ? "OK is no error" : `no status code is called "${name}"`,
    isCase
      ? `write "${upper}"`
      : suggestion(
          upper,
          [...ERROR_CODES.keys()],
          'write a code of gRPC such as "NOT_FOUND" or "UNAVAILABLE"',
        ),
  );
  return undefined;
}

/** A text for clients: a string, or what gives one. */
function messageOf(
  context: Context,
  text: string,
  names: Scope,
  place: Place,
): string | Expression | undefined {
  const said: Text = { value: text, offset: 0 };
  const before = context.findings.length;
  const expression = resolveExpression(context, said, names, place);
  if (expression === undefined) {
    // Words without quotes: what CEL makes of them is beside the point.
    if (/^\s*(?:\w+|[^'"`(){}[\]+]*\s[^'"`(){}[\]+]*)\s*$/.test(text)) {
      const [first] = context.findings.splice(before);
      if (first === undefined) return undefined;
      context.report(
        first.id,
        { ...place, part: partOf(said) },
        `the message is CEL, and "${text.trim()}" is a text without quotes`,
        `quote it: "'${text.trim()}'"`,
      );
    }
    return undefined;
  }
  const { tree } = expression;
  if (tree.kind === "literal" && tree.literal.type === "string") return tree.literal.value;
  if (tree.type.kind === "string" || tree.type.kind === "dyn") return expression;
  context.report(
    "type-mismatch",
    { ...place, part: partOf(said) },
    `the message is a text, and this is ${typeText(tree.type)}`,
    "write it in quotes: \"'no such order'\"",
  );
  return undefined;
}

/** The expressions of some rules. */
export function errorExpressions(rules: readonly ErrorRulePlan[]): Expression[] {
  return rules.flatMap(({ when, message }) =>
    [when, message].filter((said) => said !== undefined && typeof said !== "string"),
  );
}
