import type { Field, Message } from "../source/model.js";
import type { Checked, Local } from "./checked.js";
import { type Piece, PRIMARY, primary, within } from "./code-text.js";
import { compileCall, compileDynamic } from "./compile-call.js";
import { literalText } from "./compile-literal.js";
import { compileConditional, compileEquality, compileLogic } from "./compile-logic.js";
import { compileMacro } from "./compile-macro.js";
import { typeName } from "./types.js";

/**
 * What surrounds compiled code: how it reaches the runtime, the names in scope, and the fields of messages. Each
 * gives the text of an expression that binds like a call.
 */
export interface Target {
  /** Names a helper of the runtime, and sees to its import. */
  helper(name: string): string;
  /** A name of the environment. */
  variable(name: string): string;
  /** A name for a variable of a macro that nothing else in the code has. */
  local(name: string): string;
  /** Reads a field of a message, which is null where what it belongs to is not there. */
  field(base: string, field: Field): string;
  /** Whether a field of a message is set. */
  hasField(base: string, field: Field): string;
  /** Makes a message; the values are those of the fields. */
  message(message: Message, fields: ReadonlyArray<readonly [Field, string]>): string;
  /** Keeps a value that is made once, and gives its name. */
  constant(text: string): string;
}

/** Compiled code: one TypeScript expression. */
export interface Compiled {
  readonly text: string;
  /** Whether it may throw a CelError; one that cannot needs no handling. */
  readonly fails: boolean;
}

/** Compiles a checked expression to one TypeScript expression. */
export function compileExpression(tree: Checked, target: Target): Compiled {
  const { text, fails } = new Compiler(target).compile(tree);
  return { text, fails };
}

/** The parts of the compiler share it. */
export class Compiler {
  readonly #locals = new Map<Local, string>();

  constructor(readonly target: Target) {}

  /** Makes the name of a macro's variable. */
  declare(local: Local): string {
    const name = this.target.local(local.name);
    this.#locals.set(local, name);
    return name;
  }

  /** A call of a helper of the runtime. */
  call(helper: string, args: readonly string[], fails: boolean): Piece {
    return primary(`${this.target.helper(helper)}(${args.join(", ")})`, fails);
  }

  compile(node: Checked): Piece {
    const { target } = this;
    switch (node.kind) {
      case "literal":
        return literalText(this, node.literal);
      case "variable":
        return primary(target.variable(node.name), false);
      case "local":
        return primary(this.#locals.get(node.local)!, false);
      case "typeValue":
        return primary(`new ${target.helper("TypeValue")}(${JSON.stringify(typeName(node.of))})`, false);
      case "field":
        return this.#field(node, target.field(this.#base(node.base), node.field));
      case "hasField":
        return this.#field(node, target.hasField(this.#base(node.base), node.field));
      case "select":
        return this.#select(node);
      case "hasName":
        return this.call("hasName", [this.compile(node.base).text, JSON.stringify(node.name)], true);
      case "call":
        return compileCall(this, node);
      case "dynamicCall":
        return compileDynamic(this, node);
      case "equality":
        return compileEquality(this, node);
      case "logic":
        return compileLogic(this, node);
      case "conditional":
        return compileConditional(this, node);
      case "list": {
        const elements = node.elements.map((element) => this.compile(element));
        return primary(
          `[${elements.map(({ text }) => text).join(", ")}]`,
          elements.some(({ fails }) => fails),
        );
      }
      case "map": {
        const entries = node.entries.map(
          ({ key, value }) => `[${this.compile(key).text}, ${this.compile(value).text}]`,
        );
        // Keys may be equal.
        return this.call("mapOf", entries, true);
      }
      case "message": {
        const fields = node.fields.map(({ field, value }) => [field, this.compile(value).text] as const);
        return primary(target.message(node.message, fields), true);
      }
      case "macro":
        return compileMacro(this, node);
      case "fail":
        return this.call("fail", [JSON.stringify(node.message)], true);
    }
  }

  /** A field can be read where there is a message; times may be out of range, and what is dynamic malformed. */
  #field(node: Checked & { kind: "field" | "hasField" }, text: string): Piece {
    const isPlain = !["timestamp", "duration", "dyn"].includes(node.type.kind);
    return primary(text, !isPlain || mayBeNull(node.base) || this.compile(node.base).fails);
  }

  #base(base: Checked): string {
    return within(this.compile(base), PRIMARY);
  }

  #select(node: Checked & { kind: "select" }): Piece {
    const name = JSON.stringify(node.name);
    const helper = node.base.type.kind === "map" ? "valueAt" : "select";
    return this.call(helper, [this.compile(node.base).text, name], true);
  }
}

/** Whether a message may not be there; where in doubt, it may. */
function mayBeNull(node: Checked): boolean {
  if (node.kind === "variable") return node.nullable;
  if (node.kind === "local") return node.local.nullable;
  return node.kind !== "field" && node.kind !== "message";
}
