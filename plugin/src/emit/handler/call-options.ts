import type { Place } from "../../plan/budget/places.js";
import { emptyWithoutCall, emptyWithoutJoin } from "../../plan/calls/degraded.js";
import type { CallPlan, ErrorRulePlan, Expression, JoinPlan, Root, Translator } from "../../plan/types.js";
import { type Code, quote } from "../code.js";
import { emitExpression } from "../expressions.js";
import type { FileScope } from "../file-scope.js";
import { camel } from "../names.js";

const DEFAULT_MAX_ROWS = 10_000;

/** The constant that says how a call is made; undefined where nothing is said. */
export function callOptions(file: FileScope, call: CallPlan, response: Translator): string | undefined {
  const { timeoutMs, maxRows, onError, method } = call;
  if (timeoutMs === undefined && maxRows === DEFAULT_MAX_ROWS && onError.length === 0) return undefined;
  return file.onceByText(`${camel(method.name)}Options`, file.lookups, (name, code) => {
    file.use("CallOptions", true);
    code.block(`const ${name}: CallOptions = {`, () => {
      if (timeoutMs !== undefined) code.line(`timeoutMs: ${timeoutMs},`);
      if (maxRows !== DEFAULT_MAX_ROWS) code.line(`maxRows: ${maxRows},`);
      if (onError.length > 0)
        code.block("onError: {", () => printOnError(file, code, onError, emptyWithoutCall(call, response)), "},");
    }, "};"); // biome-ignore format: short
  });
}

/** The constant that says what becomes of errors of a join; undefined where nothing is said. */
export function joinErrors(file: FileScope, join: JoinPlan, places: readonly Place[]): string | undefined {
  const { onError } = join;
  if (onError.length === 0) return undefined;
  return file.onceByText(`${camel(join.name)}Errors`, file.lookups, (name, code) => {
    file.use("OnError", true);
    const empty = emptyWithoutJoin(join, places);
    code.block(`const ${name}: OnError = {`, () => printOnError(file, code, onError, empty), "};");
  });
}

function printOnError(
  file: FileScope,
  code: Code,
  rules: readonly ErrorRulePlan[],
  empty: readonly string[],
): void {
  const texts = rules.map((rule) => {
    const parts = [
      ...(rule.code === undefined ? [] : [`code: ${rule.code}`]),
      `outcome: ${quote(rule.outcome)}`,
      ...(rule.as === undefined ? [] : [`as: ${rule.as}`]),
      ...(rule.when === undefined
        ? []
        : [`when: ${ofCall(`${file.use("permits")}(() => ${inCall(file, rule.when)})`)}`]),
      ...(rule.message === undefined ? [] : [`message: ${messageText(file, rule.message)}`]),
    ];
    return `{ ${parts.join(", ")} }`;
  });
  code.line(`rules: [${texts.join(", ")}],`);
  const isEmpty = rules.some(({ outcome }) => outcome === "empty");
  code.line(`degraded: [${(isEmpty ? empty : []).map(quote).join(", ")}],`);
}

/** A text with quotes in it, such that no formatter would rather have other quotes around it. */
function textLiteral(text: string): string {
  return quote(text).replace(/\\./g, (pair) => (pair === '\\"' ? "\\u0022" : pair));
}

function messageText(file: FileScope, message: string | Expression): string {
  return typeof message === "string" ? textLiteral(message) : ofCall(inCall(file, message));
}

/** A function of the call, with a parameter only where its body reads it. */
function ofCall(body: string): string {
  const isRead = /\bcall\b/.test(body.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
  return `(${isRead ? "call" : ""}) => ${body}`;
}

/** What reads the request and who asks, as an expression of `call`. */
function inCall(file: FileScope, expression: Expression): string {
  const view = (_: Root, type: string) => `cel.viewOf(call.request, ${type})`;
  const { text } = emitExpression(file, file.local(), { view, call: "call" }, expression);
  return text;
}
