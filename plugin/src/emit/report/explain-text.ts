import { describeAudience } from "./audience.js";
import type { Explained, ExplainedEnsure, ExplainedField, ExplainedStep, Origin } from "./explain.js";
import { errorText } from "./explain-errors.js";

/** An explanation for people. */
export function explainText(explained: readonly Explained[]): string {
  return explained.map(methodText).join("\n");
}

function methodText(method: Explained): string {
  const { formula, most, allowed } = method.calls;
  const isFixed = String(most) === formula;
  const bound =
    most === undefined ? "as many as the runtime's limits let a resolver make" : `at most ${most}`;
  return [
    method.method,
    ...table([
      ["for", describeAudience(method.for)],
      [
        "within",
        `${method.timeoutMs / 1000} s${method.kind === "unary" ? "" : `, ${method.kind.replace("_", " ")}`}`,
      ],
      ...method.ensures.map((ensure) => ["ensures", ensureText(ensure)]),
      [
        "upstream calls",
        `${isFixed ? formula : `${formula}; ${bound}`}${allowed === undefined ? "" : `; ${allowed} allowed`}`,
      ],
    ]),
    "",
    "  steps",
    ...table(method.steps.map((step) => [step.id, step.method, stepText(step)])),
    ...section("response", method.response),
    ...section("upstream requests", method.requests),
    "",
  ].join("\n");
}

function ensureText({ that, code, message, waitsFor }: ExplainedEnsure): string {
  const denial = `else ${code}${message === undefined ? "" : ` "${message}"`}`;
  return `${oneLine(that)}, ${denial}${waitsFor.length === 0 ? "" : `; waits for ${waitsFor.join(", ")}`}`;
}

// What is said by nobody: it need not be told.
const DEFAULT_ROWS = 10_000;

/** What a step does, and what it waits for. */
function stepText(step: ExplainedStep): string {
  const parts = [whatText(step)];
  if (step.keys !== undefined) parts.push(keysText(step));
  if (step.onMissing !== undefined && step.onMissing !== "empty")
    parts.push(`a missing row: ${step.onMissing}`);
  if (step.maxRows !== undefined && step.maxRows !== DEFAULT_ROWS) parts.push(`at most ${step.maxRows} rows`);
  for (const error of step.onError ?? []) parts.push(errorText(error));
  if (step.mayCall !== undefined) parts.push(`may call ${step.mayCall.join(", ")}`);
  if (step.when !== undefined) parts.push(`if ${oneLine(step.when)}`);
  if (step.timeoutMs !== undefined) parts.push(`within ${step.timeoutMs} ms`);
  parts.push(step.waitsFor.length === 0 ? "waits for nothing" : `waits for ${step.waitsFor.join(", ")}`);
  return parts.join("; ");
}

function whatText(step: ExplainedStep): string {
  if (step.kind === "join") return `join of ${placesText(step)}`;
  if (step.kind === "resolver" && step.at !== undefined) return `for each of ${placesText(step)}`;
  return step.kind === "resolver" ? "makes the response" : step.effect.toLowerCase();
}

function placesText({ at }: ExplainedStep): string {
  return (at ?? []).map((place) => (place === "" ? "the response" : place)).join(", ");
}

/** "ids <- user_id, 500 a call, matched by users.id" */
export function keysText({ keys, keysPerCall }: ExplainedStep): string {
  const parts = (keys ?? []).map(({ row, request }) =>
    request === undefined ? row : `${request} <- ${row}`,
  );
  const answers = (keys ?? []).flatMap(({ response }) => response ?? []);
  return [
    parts.join(", "),
    ...(keysPerCall === undefined
      ? []
      : [keysPerCall === 1 ? "a call for each key" : `${keysPerCall} keys a call`]),
    ...(answers.length === 0 ? [] : [`matched by ${answers.join(", ")}`]),
  ].join("; ");
}

function section(title: string, fields: readonly ExplainedField[]): string[] {
  if (fields.length === 0) return [];
  return ["", `  ${title}`, ...table(fields.map((field) => [field.path, `<- ${fromText(field)}`]))];
}

function fromText({ from, expression, resolver, when, allow, recursive }: ExplainedField): string {
  const origins = from.map(originText).join(", ");
  const how = resolver === undefined ? expression : `the resolver ${resolver}`;
  const computed = how === undefined ? origins : `${oneLine(how)}${origins && `, of ${origins}`}`;
  const guarded = allow === undefined ? computed : `${computed}, for ${describeAudience(allow)}`;
  const text = when === undefined ? guarded : `${guarded}, if ${oneLine(when)}`;
  return recursive === true ? `${text}, with the fields that it has further out` : text;
}

/** "user: smpl.users.v1.User.email" */
function originText({ step, path, field }: Origin): string {
  const isStep = field !== undefined && step !== "request" && step !== "this";
  return isStep ? `${step}: ${field}` : [step, ...(path === "" ? [] : [path])].join(".");
}

function oneLine(expression: string): string {
  return expression.replace(/\s+/g, " ");
}

/** Rows with their columns one below the other. */
function table(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      if (i < row.length - 1) widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows.map((row) => `    ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd());
}
