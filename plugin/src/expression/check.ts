import { checkCall } from "./check-call.js";
import { checkMacro } from "./check-macro.js";
import { checkMessage } from "./check-message.js";
import { checkName, checkSelect } from "./check-name.js";
import type { Checked, CheckResult } from "./checked.js";
import { type Context, failed, type Scope } from "./context.js";
import type { Environment } from "./environment.js";
import { Inference } from "./inference.js";
import { literalNode } from "./literal-node.js";
import type { Problem, Span, Syntax } from "./syntax.js";
import { type CelType, DYN, ERROR, listOf, mapOf, typeText } from "./types.js";

/**
 * Checks the types of an expression.
 *
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#gradual-type-checking
 */
export function checkExpression(tree: Syntax, env: Environment): CheckResult {
  return new Checker(env).run(tree);
}

class Checker implements Context {
  readonly inference = new Inference();
  readonly #problems: Problem[] = [];
  readonly #nodes: Checked[] = [];

  constructor(readonly env: Environment) {}

  run(syntax: Syntax): CheckResult {
    const tree = this.check(syntax, undefined);
    for (const node of this.#nodes) this.#settle(node);
    return { tree, problems: this.#problems };
  }

  node(checked: Checked): Checked {
    this.#nodes.push(checked);
    return checked;
  }

  report(span: Span, message: string, fix: string): void {
    this.#problems.push({ start: span.start, end: span.end, message, fix });
  }

  check(syntax: Syntax, scope: Scope | undefined): Checked {
    const { start, end } = syntax;
    switch (syntax.kind) {
      case "literal":
        return literalNode(this, syntax.literal, syntax);
      case "name":
        return checkName(this, syntax, scope);
      case "select":
      case "has":
        return checkSelect(this, syntax, scope);
      case "call":
        return checkCall(this, syntax, scope);
      case "macro":
        return checkMacro(this, syntax, scope);
      case "message":
        return checkMessage(this, syntax, scope);
      case "list": {
        const elements = syntax.elements.map((element) => this.check(element, scope));
        return this.node({ kind: "list", elements, type: listOf(this.#common(elements)), start, end });
      }
      case "map":
        return this.#map(syntax, scope);
    }
  }

  #map(syntax: Syntax & { kind: "map" }, scope: Scope | undefined): Checked {
    const { start, end } = syntax;
    const entries: { key: Checked; value: Checked }[] = [];
    for (const entry of syntax.entries) {
      const key = this.check(entry.key, scope);
      const value = this.check(entry.value, scope);
      entries.push({ key, value });
      const { kind } = this.inference.shallow(key.type);
      if (!KEYS.includes(kind)) {
        const message = `a key of a map cannot be ${typeText(this.inference.known(key.type))}`;
        return failed(this, syntax, key, message, "use an int, uint, bool or string as the key");
      }
    }
    const keys = this.#common(entries.map(({ key }) => key));
    const values = this.#common(entries.map(({ value }) => value));
    return this.node({ kind: "map", entries, type: mapOf(keys, values), start, end });
  }

  /** The type of elements: the most general if they fit each other, else dyn; of none, open. */
  #common(elements: readonly Checked[]): CelType {
    let common = this.inference.variable();
    for (const element of elements) {
      const joined = this.inference.join(common, element.type);
      if (joined === undefined) return DYN;
      common = joined;
    }
    return common;
  }

  #settle(node: Checked): void {
    const open = node as { type: CelType };
    open.type = node.kind === "fail" ? ERROR : this.inference.settled(node.type);
    if (node.kind === "call")
      (node as { params: readonly CelType[] }).params = node.params.map((type) =>
        this.inference.settled(type),
      );
  }
}

const KEYS: readonly string[] = [
  "int",
  "uint",
  "bool",
  "string",
  "enum",
  "dyn",
  "error",
  "variable",
  "wrapper",
];
