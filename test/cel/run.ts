import { checkExpression } from "../../plugin/src/expression/check.js";
import type { CheckResult } from "../../plugin/src/expression/checked.js";
import { compileExpression, type Target } from "../../plugin/src/expression/compile.js";
import type { Environment, Meaning } from "../../plugin/src/expression/environment.js";
import { parseExpression } from "../../plugin/src/expression/parse.js";
import { fn, method, type Signature, total } from "../../plugin/src/expression/signature.js";
import { type CelType, DYN, param } from "../../plugin/src/expression/types.js";
import { suggestion } from "../../plugin/src/plan/names.js";
import type { Field } from "../../plugin/src/source/model.js";
import { messageOf } from "../../plugin/src/source/model.js";
import type { Value } from "../../runtime/src/cel/index.js";
import * as cel from "../../runtime/src/cel/index.js";
import { Messages, ReflectedMessage } from "./messages.js";
import { celType, celValue, registry, type SpecTest } from "./spec.js";

export const messages = new Messages(registry);

/** The optional type's constructors, which the type deduction tests use; never run. */
const OPTIONAL: CelType = { kind: "opaque", name: "optional_type", params: [param("A")] };
const OPTIONALS: readonly Signature[] = [
  fn("optional.none", [], OPTIONAL, total("none")),
  fn("optional.of", [param("A")], OPTIONAL, total("of")),
];

/** A test's expression, checked against its environment. */
export function checkTest({ test, section }: SpecTest): CheckResult {
  const parsed = parseExpression(test.expr);
  if ("problem" in parsed) throw new Error(parsed.problem.message);
  const variables = new Map<string, CelType>();
  for (const name of Object.keys(test.bindings)) variables.set(name, DYN);
  const functions: Signature[] = section === "type_deductions" ? [...OPTIONALS] : [];
  for (const { name, declKind } of test.typeEnv) {
    if (declKind.case === "ident") variables.set(name, celType(declKind.value.type!));
    else
      for (const overload of declKind.value?.overloads ?? []) {
        const make = overload.isInstanceFunction ? method : fn;
        functions.push(make(name, overload.params.map(celType), celType(overload.resultType!), total(name)));
      }
  }
  return checkExpression(parsed.tree, environment(test.container, variables, functions));
}

function environment(
  container: string,
  variables: ReadonlyMap<string, CelType>,
  functions: readonly Signature[],
): Environment {
  return {
    container,
    functions,
    enums: "number",
    suggest: suggestion,
    names: () => variables.keys(),
    message: (name) => {
      const desc = registry.getMessage(name);
      return desc === undefined ? undefined : messageOf(desc);
    },
    resolve: (name) => {
      const type = variables.get(name);
      return type === undefined ? descriptor(name) : { kind: "variable", type };
    },
  };
}

/** Types and enum values by name. */
function descriptor(name: string): Meaning | undefined {
  const desc = registry.getMessage(name);
  if (desc !== undefined) return { kind: "type", of: { kind: "message", message: messageOf(desc) } };
  const dot = name.lastIndexOf(".");
  const value = registry
    .getEnum(name.slice(0, dot))
    ?.values.find((each) => each.name === name.slice(dot + 1));
  return value === undefined
    ? undefined
    : { kind: "constant", literal: { type: "int", value: BigInt(value.number) } };
}

/** The code of a checked expression, as the body of a function of `cel`, `variables` and `read`. */
export function codeOf(result: CheckResult): string {
  const constants: string[] = [];
  const locals = new Map<string, number>();
  const target: Target = {
    helper: (name) => `cel.${name}`,
    variable: (name) => `variables[${JSON.stringify(name)}]`,
    local: (name) => {
      const count = (locals.get(name) ?? 0) + 1;
      locals.set(name, count);
      return `${name}_${count}`;
    },
    field: (base, field) => `read.field(${base}, ${JSON.stringify(field.name)})`,
    hasField: (base, field) => `read.has(${base}, ${JSON.stringify(field.name)})`,
    message: (message, fields) =>
      `read.make(${JSON.stringify(message.typeName)}, [${fields.map(entry).join(", ")}])`,
    constant: (text) => `constant_${constants.push(text) - 1}`,
  };
  const { text } = compileExpression(result.tree, target);
  return [...constants.map((value, i) => `const constant_${i} = ${value};`), `return ${text};`].join("\n");
}

function entry([field, value]: readonly [Field, string]): string {
  return `[${JSON.stringify(field.name)}, ${value}]`;
}

/** What compiled code reads messages with. */
export const read = {
  field: (base: Value, name: string): Value => message(base).select(name)!,
  has: (base: Value, name: string): boolean => message(base).has(name)!,
  make: (typeName: string, fields: ReadonlyArray<readonly [string, Value]>): Value =>
    messages.make(typeName, fields),
};

function message(base: Value): ReflectedMessage {
  return base instanceof ReflectedMessage ? base : cel.fail("not a message");
}

/** Runs a test's code. */
export function runTest({ test }: SpecTest, code: string): Value {
  const variables: Record<string, Value> = {};
  for (const [name, { kind }] of Object.entries(test.bindings))
    if (kind.case === "value") variables[name] = celValue(kind.value, messages);
  return new Function("cel", "variables", "read", code)(cel, variables, read) as Value;
}
