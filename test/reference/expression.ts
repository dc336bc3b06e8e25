import {
  type CelInput,
  type CelValue,
  celEnv,
  celUint,
  isCelError,
  isCelList,
  parse,
  plan,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { DescField } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Checked, Local } from "../../plugin/src/expression/checked.js";
import type { Expression, Value, Written } from "../../plugin/src/plan/types.js";
import type { Field } from "../../plugin/src/source/model.js";
import { Entry, elements, empty, type Holder, has, read } from "./object.js";
import { checkText } from "./scalar.js";

/** An expression has no value: something in it fails. */
export class NoValue extends Error {}

/** It reads a call or a join that is not there: that is no fault of anybody. */
export class Absent extends NoValue {}

/** What an expression gives: a value of CEL, a list of them, or messages as they stand. */
export type Computed = CelValue | Holder | readonly Computed[] | null;

/** What a name of an expression stands for, before its path is followed. */
export type RootOf = (value: Value) => Computed;

/**
 * What an expression gives, on objects. Its tree says what is called; what a call means is left to CEL's own runtime, which
 * shares nothing with ours.
 */
export function evaluate(
  expression: Expression,
  rootOf: RootOf,
  /** Of what is not set there is no value, but for numbers and bools without presence. */
  strict = false,
): Computed {
  return new Evaluation(expression, rootOf, strict).value(expression.tree);
}

class Evaluation {
  readonly #locals = new Map<Local, Computed>();

  constructor(
    readonly expression: Expression,
    readonly rootOf: RootOf,
    readonly strict: boolean,
  ) {}

  value(node: Checked): Computed {
    switch (node.kind) {
      case "literal": {
        const { literal } = node;
        if (literal.type === "null") return null;
        return literal.type === "uint" ? celUint(literal.value) : literal.value;
      }
      case "variable":
        return this.#variable(this.expression.names.get(node.name)!);
      case "local":
        return this.#locals.get(node.local)!;
      case "field":
        return fieldOf(present(this.value(node.base)), node.field, this.strict);
      case "hasField":
        return has(present(this.value(node.base)), node.field);
      case "equality":
        return this.#equality(node.equal, node.args);
      case "logic":
        return this.#logic(node.operator, node.args);
      case "conditional":
        return this.value(node.args[0]) === true ? this.value(node.args[1]) : this.value(node.args[2]);
      case "list":
        return node.elements.map((element) => this.value(element));
      case "macro":
        return this.#macro(node);
      case "call":
        return this.#call(node);
      default:
        throw new Error(`${node.kind} is not evaluated by the reference`);
    }
  }

  #variable(value: Value): Computed {
    const root = this.rootOf(value);
    const along = (holder: Computed) =>
      value.path.reduce((at, field) => fieldOf(present(at), field, this.strict), holder);
    return Array.isArray(root) ? root.map(along) : along(root as Computed);
  }

  #equality(equal: boolean, [a, b]: readonly [Checked, Checked]): boolean {
    const [left, right] = [this.value(a), this.value(b)];
    // A message or list that is compared with null is there.
    if (left === null || right === null) return (left === right) === equal;
    return call(equal ? "a == b" : "a != b", { a: left, b: right }) as boolean;
  }

  /** What one side decides, the other's failure does not undo. */
  #logic(operator: "&&" | "||", args: readonly Checked[]): boolean {
    const decisive = operator === "||";
    let failure: unknown;
    for (const arg of args) {
      try {
        if (this.value(arg) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof NoValue)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  #macro(node: Checked & { kind: "macro" }): Computed {
    const range = this.value(node.range);
    if (!Array.isArray(range) || node.locals.length !== 1) throw new Error("a macro that is not over a list");
    if (node.test !== undefined) throw new Error("a macro with a test is not evaluated by the reference");
    const body = (element: Computed) => {
      this.#locals.set(node.locals[0]!, element);
      return this.value(node.body);
    };
    switch (node.macro) {
      case "filter":
        return range.filter((element) => body(element) === true);
      case "map":
        return range.map(body);
      case "exists":
        return this.#fold(range, body, true);
      case "all":
        return this.#fold(range, body, false);
      case "exists_one":
        return range.filter((element) => body(element) === true).length === 1;
      case "sort_by": {
        const keyed = range.map((element) => ({ element, key: body(element) }));
        const isLess = (a: Computed, b: Computed) => call("a < b", { a, b }) === true;
        keyed.sort((a, b) => (isLess(a.key, b.key) ? -1 : isLess(b.key, a.key) ? 1 : 0));
        return keyed.map(({ element }) => element);
      }
      default:
        throw new Error(`${node.macro} is not evaluated by the reference`);
    }
  }

  /** `||` or `&&` of all elements: what one decides, the failure of another does not undo. */
  #fold(range: readonly Computed[], body: (element: Computed) => Computed, decisive: boolean): boolean {
    let failure: unknown;
    for (const element of range) {
      try {
        if (body(element) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof NoValue)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  }

  #call({ signature: { name, method }, args }: Checked & { kind: "call" }): Computed {
    const values = args.map((arg) => this.value(arg));
    const [first, second] = values;
    // Ours, on lists.
    if (name === "take") return (first as Computed[]).slice(0, Number(second));
    if (name === "first") return (first as Computed[])[0] ?? none("the first of no elements");
    if (name === "last") return (first as Computed[]).at(-1) ?? none("the last of no elements");
    if (name === "size" && Array.isArray(first)) return BigInt(first.length);
    if (Array.isArray(first) && values.length === 1 && AGGREGATES.has(name))
      return AGGREGATES.get(name)!(first as Computed[]);
    // CEL's runtime counts pairs of surrogates as two.
    if (name === "substring" || name === "indexOf") return TEXT[name](values as never);
    if (name === "reverse") return [...(first as string)].reverse().join("");
    const bindings = Object.fromEntries(values.map((value, i) => [`x${i}`, value]));
    return call(callText(name, method, args.length), bindings);
  }
}

const TEXT = {
  substring: ([text, from, to]: readonly [string, bigint, bigint?]) => {
    const all = [...text];
    const end = to ?? BigInt(all.length);
    if (from < 0n || end > BigInt(all.length) || from > end) return none("a substring out of range");
    return all.slice(Number(from), Number(end)).join("");
  },
  indexOf: ([text, part]: readonly [string, string]) => {
    const at = text.indexOf(part);
    return BigInt(at < 0 ? at : [...text.slice(0, at)].length);
  },
};

const AGGREGATES: ReadonlyMap<string, (list: readonly Computed[]) => Computed> = new Map([
  ["sum", (list) => list.reduce((a, b) => call("a + b", { a, b }), 0n)],
  ["min", (list) => extreme(list, "a < b")],
  ["max", (list) => extreme(list, "a > b")],
  ["avg", (list) => (list.length === 0 ? none("of no elements") : mean(list))],
  [
    "distinct",
    (list) => list.filter((a, i) => !list.slice(0, i).some((b) => call("a == b", { a, b }) === true)),
  ],
]);

function extreme(list: readonly Computed[], isBetter: string): Computed {
  if (list.length === 0) return none("of no elements");
  return list.reduce((b, a) => (call(isBetter, { a, b }) === true ? a : b));
}

function mean(list: readonly Computed[]): number {
  return list.reduce<number>((sum, one) => sum + Number(one), 0) / list.length;
}

function none(what: string): never {
  throw new NoValue(what);
}

/** "x0 + x1", "size(x0)", "x0.startsWith(x1)" */
function callText(name: string, method: boolean, count: number): string {
  const names = Array.from({ length: count }, (_, i) => `x${i}`);
  if (name === "_[_]") return "x0[x1]";
  if (name === "@in") return "x0 in x1";
  if (name.includes("_") && !/^[a-z]/.test(name)) {
    const operator = name.replaceAll("_", "");
    return count === 1 ? `${operator}x0` : `x0 ${operator} x1`;
  }
  return method ? `x0.${name}(${names.slice(1).join(", ")})` : `${name}(${names.join(", ")})`;
}

const environment = celEnv({ funcs: strings });
const compiled = new Map<string, ReturnType<typeof plan>>();

function call(text: string, bindings: Readonly<Record<string, Computed>>): Computed {
  const made = compiled.get(text) ?? plan(environment, parse(text));
  compiled.set(text, made);
  const result = made(bindings as Record<string, CelInput>);
  if (isCelError(result)) {
    if (/unbound|no such overload/.test(result.message)) throw new Error(`${text}: ${result.message}`);
    throw new NoValue(result.message);
  }
  return isCelList(result) ? [...result] : (result as Computed);
}

function present(value: Computed): Holder {
  if (value === null) throw new Absent("a call or a join that is not there");
  return value as Holder;
}

/** A field as CEL has it: of an unset one its default; a wrapper is its value, or null. */
function fieldOf(holder: Holder, field: Field, strict: boolean): Computed {
  if (strict && mayBeUnset(field) && !has(holder, field)) throw new Absent(`${field.name} is not set`);
  if (field.cardinality === "repeated") return elements(holder, field).map((value) => element(value, field));
  if (field.cardinality === "map") throw new Error("maps are not evaluated by the reference");
  const { type } = field;
  if (type.kind === "message" && !has(holder, field)) {
    return type.message.typeName.endsWith("Value") && type.message.fields.length === 1
      ? null
      : empty(type.message.desc!);
  }
  if (!has(holder, field) && !(holder instanceof Entry))
    return element(defaultOf(field.desc!, holder), field);
  return element(read(holder, field), field);
}

function mayBeUnset({ cardinality, presence, type }: Field): boolean {
  if (cardinality !== "singular") return false;
  const isText = type.kind === "scalar" && (type.scalar === "string" || type.scalar === "bytes");
  return isText || type.kind === "message" || presence !== "implicit";
}

function defaultOf(desc: DescField, holder: ReflectMessage): unknown {
  const said = "getDefaultValue" in desc ? desc.getDefaultValue() : undefined;
  return said ?? holder.get(desc);
}

function element(value: unknown, { type }: Field): Computed {
  if (type.kind === "enum") {
    const named = type.enum.values.find(({ number }) => number === value);
    return named?.name ?? String(value);
  }
  if (type.kind === "message") {
    const message = value as ReflectMessage;
    const [only] = message.desc.fields;
    const isWrapper =
      message.desc.typeName.startsWith("google.protobuf.") && message.desc.fields.length === 1;
    if (!isWrapper || only!.fieldKind !== "scalar") return message;
    return scalar(message.get(only!), only!.scalar);
  }
  return scalar(value, ScalarType[type.scalar.toUpperCase() as keyof typeof ScalarType]);
}

function scalar(value: unknown, type: ScalarType): Computed {
  if (typeof value === "string") return checkText(value);
  const isUnsigned = [ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED32, ScalarType.FIXED64].includes(
    type,
  );
  if (isUnsigned) return celUint(BigInt(value as number));
  if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) return value as number;
  return typeof value === "number" ? BigInt(value) : (value as Computed);
}

/** What an expression gave, as protobuf-es has a field; undefined for null. */
export function written(value: Computed, as: Written, wrapper: ReflectMessage | undefined): unknown {
  if (value === null) return undefined;
  switch (as.kind) {
    case "scalar":
      return plainScalar(value, as.scalar);
    case "wrapper":
      wrapper!.set(wrapper!.desc.fields[0]!, plainScalar(value, as.scalar) as never);
      return wrapper;
    case "enum": {
      const number = as.numbers.get(value as string) ?? as.otherwise;
      return number ?? none("no such value of the enum");
    }
    default:
      if (!isReflectMessage(value)) throw new Error("a time that is no message");
      return value;
  }
}

const BITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  uint: [0n, 2n ** 32n - 1n],
};

function plainScalar(value: Computed, type: string): unknown {
  if (type === "float") return Math.fround(value as number);
  const whole = typeof value === "bigint" ? value : isUint(value) ? value.value : undefined;
  if (whole === undefined) return value;
  if (type.endsWith("64")) return whole;
  const [low, high] = BITS[type === "uint32" || type === "fixed32" ? "uint" : "int"]!;
  if (whole < low || whole > high) none("a number that the field cannot hold");
  return Number(whole);
}

function isUint(value: unknown): value is { readonly value: bigint } {
  return typeof value === "object" && value !== null && "value" in value && typeof value.value === "bigint";
}
