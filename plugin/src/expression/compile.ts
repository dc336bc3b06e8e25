import type { Field, Message } from "../source/model.js";
import type { Checked, Local } from "./checked.js";
import { type Piece, PRIMARY, primary, within } from "./code-text.js";
import { compileCall, compileDynamic } from "./compile-call.js";
import { literalText } from "./compile-literal.js";
import { compileConditional, compileEquality, compileLogic } from "./compile-logic.js";
import { compileMacro } from "./compile-macro.js";
import { type CelType, DYN, typeName } from "./types.js";

/**
 * What surrounds compiled code: how it reaches the runtime, the names in scope, and the fields of messages. Each
 * gives the text of an expression that binds like a call.
 */
export interface Target {
  /** Names a helper of the runtime, and sees to its import. */
  helper(name: string): string;
  /** A name of the environment, whose value is of the type. */
  variable(name: string, type: CelType): string;
  /** A name for a variable of a macro that nothing else in the code has. */
  local(name: string): string;
  /** Whether a name may have no value. */
  variableFails?(name: string): boolean;
  /** Reads a field of a message, which is null where what it belongs to is not there. */
  field(base: string, field: Field): string;
  /** Whether a field of a message that is there may have no value. */
  fieldFails?(field: Field): boolean;
  /** Whether a field of a message is set. */
  hasField(base: string, field: Field): string;
  /** Makes a message; the values are those of the fields. */
  message(message: Message, fields: ReadonlyArray<readonly [Field, string]>, type: CelType): string;
  /** Gives a value of a name that is computed once in a request; default: each time. */
  once?(name: string, text: string): string;
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
  readonly #locals = new Map<Local, { readonly name: string; used: boolean }>();

  constructor(readonly target: Target) {}

  /** Makes the name of a macro's variable. */
  declare(local: Local): void {
    this.#locals.set(local, { name: this.target.local(local.name), used: false });
  }

  /** Runs `make`, and tells which of the variables it used, by name. */
  using(locals: readonly Local[], make: () => Piece): [Piece, (string | undefined)[]] {
    const found = locals.map((local) => this.#locals.get(local)!);
    for (const local of found) local.used = false;
    const piece = make();
    return [piece, found.map(({ name, used }) => (used ? name : undefined))];
  }

  #local(local: Local): Piece {
    const found = this.#locals.get(local)!;
    found.used = true;
    return primary(found.name, false);
  }

  /** A call of a helper of the runtime. */
  call(helper: string, args: readonly string[], fails: boolean): Piece {
    return primary(`${this.target.helper(helper)}(${args.join(", ")})`, fails);
  }

  compile(node: Checked): Piece {
    const { target } = this;
    if (node.once !== undefined && target.once !== undefined) {
      const { once, ...each } = node;
      const { text, fails } = this.compile(each);
      return primary(target.once(once, text), fails);
    }
    switch (node.kind) {
      case "literal":
        return literalText(this, node.literal);
      case "variable":
        return primary(target.variable(node.name, node.type), target.variableFails?.(node.name) === true);
      case "local":
        return this.#local(node.local);
      case "typeValue":
        return primary(`new ${target.helper("TypeValue")}(${JSON.stringify(typeName(node.of))})`, false);
      case "field":
        return this.#field(node, (base) => target.field(base, node.field));
      case "hasField":
        return this.#field(node, (base) => target.hasField(base, node.field));
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
        const { type } = node;
        if (node.elements.length === 0) return this.call("noElements", [], false);
        const elements = node.elements.map((each) =>
          this.part(each, type.kind === "list" ? type.element : DYN),
        );
        return primary(
          `[${elements.map(({ text }) => text).join(", ")}]`,
          elements.some(({ fails }) => fails),
        );
      }
      case "map": {
        const { type } = node;
        const wanted = type.kind === "map" ? type.value : DYN;
        const entries = node.entries.map(
          ({ key, value }) => `[${this.compile(key).text}, ${this.part(value, wanted).text}]`,
        );
        // Keys may be equal.
        return this.call("mapOf", entries, true);
      }
      case "message": {
        const fields = node.fields.map(({ field, value }) => [field, this.compile(value).text] as const);
        return primary(target.message(node.message, fields, node.type), true);
      }
      case "macro":
        return compileMacro(this, node);
      case "fail":
        return this.call("fail", [JSON.stringify(node.message)], true);
    }
  }

  /** A part of what has a common type. */
  part(node: Checked, common: CelType): Piece {
    const isNothing = node.type.kind === "null" && ["message", "timestamp", "duration"].includes(common.kind);
    if (isNothing) return this.call("nothing", [], false);
    const piece = this.compile(node);
    // TypeScript would have an array of one or of the other, which is less than an array of both.
    const isMixed = common.kind === "list" && common.element.kind === "dyn" && node.type.kind === "list";
    return isMixed && !(node.kind === "list" && node.elements.length === 0)
      ? this.call("asList", [piece.text], piece.fails)
      : piece;
  }

  /** A field can be read where there is a message; times may be out of range, and what is dynamic malformed. */
  #field(node: Checked & { kind: "field" | "hasField" }, read: (base: string) => string): Piece {
    const made = this.compile(node.base);
    const base = mayBeNull(node.base) ? this.call("present", [made.text], true) : made;
    const isPlain = !["timestamp", "duration", "dyn"].includes(node.type.kind);
    const isAbsent = node.kind === "field" && this.target.fieldFails?.(node.field) === true;
    return primary(read(within(base, PRIMARY)), !isPlain || isAbsent || mayBeNull(node.base) || base.fails);
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
