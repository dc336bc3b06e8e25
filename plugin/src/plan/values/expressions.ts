import { checkExpression } from "../../expression/check.js";
import type { Checked } from "../../expression/checked.js";
import { failingConstants } from "../../expression/constant.js";
import type { Meaning } from "../../expression/environment.js";
import { fieldType, messageType } from "../../expression/field-type.js";
import { parseExpression } from "../../expression/parse.js";
import { type Path, parsePath, partOf, type Text } from "../../expression/path.js";
import { readsOfTree } from "../../expression/reads.js";
import { partsOf, sizeOf, substitute } from "../../expression/substitute.js";
import type { Problem, Syntax } from "../../expression/syntax.js";
import { type CelType, DYN, ERROR, listOf, mapOf, STRING, typeText } from "../../expression/types.js";
import type { Field } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import { isMarkedInternal } from "../context.js";
import { suggestion } from "../names.js";
import type { Expression, JoinPlan, Value } from "../types.js";
import { absentFix, messageOfValue, namesIn, reportMarked, rootMessage, type Scope } from "./scope.js";

/** The names that are about the caller and the gateway, and their types. */
const SURROUNDINGS: ReadonlyMap<string, CelType> = new Map([
  ["auth.subject", STRING],
  ["auth.roles", listOf(STRING)],
  ["auth.scopes", listOf(STRING)],
  ["auth.claims", mapOf(STRING, DYN)],
  ["metadata", mapOf(STRING, STRING)],
  ["config", mapOf(STRING, DYN)],
]);

/** Operators, calls, names and literals of one expression: each `let` that doubles the one before it doubles them. */
const MAX_SIZE = 10_000;
const FIX_SIZE = "name fewer `let` in one another, or compute it in an internal service";

/** Resolves a CEL expression; undefined where something is wrong with it, or with a name that it uses. */
export function resolveExpression(
  context: Context,
  text: Text,
  scope: Scope,
  place: Place,
): Expression | undefined {
  const report = (id: "syntax" | "expression", { start, end, message, fix }: Problem) => {
    const part = { start: text.offset + start, end: text.offset + end };
    context.report(id, { ...place, part }, message, fix);
  };
  const parsed = parseExpression(text.value);
  // CEL reserves some names that fields and calls may have: a path of such names is fine.
  const path = "problem" in parsed ? parsePath(text) : undefined;
  if ("problem" in parsed && path === undefined) {
    report("syntax", parsed.problem);
    return undefined;
  }
  const syntax = "tree" in parsed ? parsed.tree : pathTree(path!, text.offset);
  const names = new Names(scope);
  const { tree, problems } = names.check(syntax);
  if (names.isBroken) return undefined;
  const wrong = problems.length > 0 ? problems : failingConstants(tree);
  for (const problem of wrong) report("expression", problem);
  if (wrong.length > 0) return undefined;
  const expression = names.expression(text, tree);
  if (expression === undefined) {
    const message = "with each `let` in the place of its name, this expression is too long";
    context.report("expression", { ...place, part: partOf(text) }, message, FIX_SIZE);
    return undefined;
  }
  names.settle();
  return checkMarks(context, expression, tree, text, scope, place) ? expression : undefined;
}

/** The tree of a plain path. */
function pathTree([first, ...others]: Path, offset: number): Syntax {
  const start = first!.start - offset;
  let tree: Syntax = { kind: "name", name: first!.name, start, end: first!.end - offset };
  for (const segment of others) {
    const nameSpan = { start: segment.start - offset, end: segment.end - offset };
    tree = { kind: "select", base: tree, name: segment.name, nameSpan, start, end: nameSpan.end };
  }
  return tree;
}

/** Resolves a condition: an expression that is true or false. */
export function resolveCondition(
  context: Context,
  text: string,
  scope: Scope,
  place: Place,
): Expression | undefined {
  const said: Text = { value: text, offset: 0 };
  const expression = resolveExpression(context, said, scope, place);
  if (expression === undefined) return undefined;
  const { kind } = expression.tree.type;
  if (kind === "bool" || kind === "dyn") return expression;
  context.report(
    "type-mismatch",
    { ...place, part: partOf(said) },
    `the condition is ${typeText(expression.tree.type)}, not bool`,
    "compare it with something",
  );
  return undefined;
}

/** What the names of one expression stand for. */
class Names {
  /** Something that it uses is wrong, and has its own finding. */
  isBroken = false;
  /** The joins that it uses, each as one row or as a list. */
  readonly #joins = new Map<JoinPlan, "one" | "many">();
  readonly #lists = new Set<JoinPlan>();

  constructor(readonly scope: Scope) {}

  /** Whether a join is used as one row or as a list shows in the types: the one that fits is meant. */
  check(syntax: Syntax): { tree: Checked; problems: readonly Problem[] } {
    const first = this.#attempt(syntax);
    if (first.problems.length === 0) return first;
    const open = [...this.#joins.keys()].filter((join) => join.use === undefined && !join.keyList);
    // All combinations of a few joins: more are not read by one expression.
    for (let bits = 1; bits < 2 ** Math.min(open.length, 4); bits++) {
      this.#lists.clear();
      open.forEach((join, i) => {
        if (((bits >> i) & 1) === 1) this.#lists.add(join);
      });
      const next = this.#attempt(syntax);
      if (next.problems.length === 0) return next;
    }
    this.#lists.clear();
    return this.#attempt(syntax);
  }

  #attempt(syntax: Syntax): { tree: Checked; problems: readonly Problem[] } {
    this.#joins.clear();
    return checkExpression(syntax, {
      enums: "name",
      resolve: (name) => this.#meaning(name),
      names: () => this.#known(),
      suggest: suggestion,
      absent: (name) => absentFix(this.scope, name),
      fieldNames: namesIn,
    });
  }

  #meaning(name: string): Meaning | undefined {
    const surrounding = SURROUNDINGS.get(name);
    if (surrounding !== undefined) return { kind: "variable", type: surrounding };
    const { scope } = this;
    if (this.#isBroken(name)) {
      this.isBroken = true;
      return { kind: "variable", type: ERROR };
    }
    const value = this.value(name);
    if (value === undefined) {
      const isOpen = scope.source === "broken" || scope.incomplete === true;
      if (isOpen && /^\w+$/.test(name)) this.isBroken = true;
      return undefined;
    }
    if (value.root.kind === "expression") {
      const { tree } = value.root.expression;
      return { kind: "variable", type: tree.type, nullable: true };
    }
    const type = typeOf(value);
    if (value.root.kind !== "join") return { kind: "variable", type, nullable: value.root.kind === "call" };
    const { join } = value.root;
    const use = join.keyList ? "many" : (join.use ?? (this.#lists.has(join) ? "many" : "one"));
    this.#joins.set(join, use);
    return { kind: "variable", type: use === "many" ? listOf(type) : type, nullable: use === "one" };
  }

  #isBroken(name: string): boolean {
    const { calls, joins, lets } = this.scope;
    return [calls.get(name), joins.get(name), lets?.get(name)?.()].includes("broken");
  }

  /** What a name stands for. Roots and names that annotations made come before the source's fields. */
  value(name: string): Value | undefined {
    const { scope } = this;
    const source = typeof scope.source === "object" ? scope.source : undefined;
    if (name === "request" && scope.request !== undefined)
      return { root: { kind: "request", message: scope.request }, path: [] };
    if (name === "source" && source !== undefined)
      return { root: { kind: "source", message: source }, path: [] };
    if (name === "parent" && scope.parent !== undefined)
      return { root: { kind: "parent", message: scope.parent }, path: [] };
    if (name === "this" && scope.target !== undefined)
      return { root: { kind: "this", message: scope.target }, path: [] };
    const made = scope.calls.get(name) ?? scope.joins.get(name);
    if (made !== undefined) return made === "broken" ? undefined : made.result;
    const meant = scope.lets?.get(name)?.();
    if (meant !== undefined) return meant === "broken" ? undefined : meant;
    const field = source?.byName.get(name);
    return field === undefined ? undefined : { root: { kind: "source", message: source! }, path: [field] };
  }

  #known(): string[] {
    const { scope } = this;
    const source = typeof scope.source === "object" ? scope.source : undefined;
    return [
      ...scope.joins.keys(),
      ...scope.calls.keys(),
      ...(scope.lets?.keys() ?? []),
      ...(source === undefined ? [] : namesIn(source)),
      ...(scope.request === undefined ? [] : ["request"]),
      ...SURROUNDINGS.keys(),
      ...(scope.parent === undefined ? [] : ["parent"]),
      ...(scope.target === undefined ? [] : ["this"]),
    ];
  }

  /** The expression, with that of each `let` put in its place; undefined where that makes it too long. */
  expression(text: Text, tree: Checked): Expression | undefined {
    const names = new Map<string, Value>();
    const whole = substitute(tree, (name) => {
      const value = SURROUNDINGS.has(name)
        ? ({ root: { kind: "surroundings", name }, path: [] } as const)
        : this.value(name)!;
      if (value.root.kind !== "expression") {
        names.set(name, value);
        return undefined;
      }
      const { expression } = value.root;
      for (const [inner, meant] of expression.names) names.set(inner, meant);
      return expression.tree;
    });
    if (sizeOf(whole) > MAX_SIZE) return undefined;
    const { reads, origin, given } = readsOfTree(whole, names, (root) => rootMessage({ root, path: [] }));
    return { text: text.value.trim(), tree: whole, names, reads, origin, given };
  }

  /** From now on the joins are used as they are here. */
  settle(): void {
    for (const [join, use] of this.#joins) join.use = use;
  }
}

/** The type of what a path leads to. */
function typeOf(value: Value): CelType {
  if (value.root.kind === "auth") return value.root.claim.length === 0 ? STRING : DYN;
  const last = value.path.at(-1);
  return last === undefined ? messageType(messageOfValue(value)!) : fieldType(last, "name");
}

/** Where the name of a field ends in the text; undefined where a `let` reads it. */
function endOfName(tree: Checked, field: Field, names: Expression["names"]): number | undefined {
  const isHere =
    (tree.kind === "field" && tree.field === field) ||
    (tree.kind === "variable" && names.get(tree.name)?.path.at(-1) === field && tree.name === field.name);
  if (isHere) return tree.end;
  for (const part of partsOf(tree)) {
    const end = endOfName(part, field, names);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** What is on its way out reads no field that is marked internal, not even to compare it. */
function checkMarks(
  context: Context,
  expression: Expression,
  tree: Checked,
  text: Text,
  scope: Scope,
  place: Place,
): boolean {
  if (!scope.exposes) return true;
  for (const { root, path } of expression.reads) {
    const marked = root.kind === "request" || root.kind === "this" ? undefined : path.find(isMarkedInternal);
    if (marked === undefined) continue;
    const end = endOfName(tree, marked, expression.names);
    const part =
      end === undefined
        ? partOf(text)
        : { start: text.offset + end - marked.name.length, end: text.offset + end };
    reportMarked(context, marked, { ...place, part });
    return false;
  }
  return true;
}
