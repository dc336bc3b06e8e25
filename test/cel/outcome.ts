import { typeText } from "../../plugin/src/expression/types.js";
import { CelError, type MessageValue, type Value } from "../../runtime/src/cel/index.js";
import { CelMap } from "../../runtime/src/cel/map.js";
import { kindOf, type TypeValue, Uint } from "../../runtime/src/cel/value.js";
import { checkTest, codeOf, messages, runTest } from "./run.js";
import { celType, celValue, type SpecTest } from "./spec.js";

/** Undefined where a test passes, else why it does not. */
export function failureOf(spec: SpecTest): string | undefined {
  try {
    return run(spec);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** The type that a test's expression has; undefined where it does not check. */
export function deducedType(spec: SpecTest): string | undefined {
  try {
    const { tree, problems } = checkTest(spec);
    return problems.length === 0 ? typeText(tree.type) : undefined;
  } catch {
    return undefined;
  }
}

function run(spec: SpecTest): string | undefined {
  const { test } = spec;
  const checked = checkTest(spec);
  const [problem] = checked.problems;
  if (problem !== undefined && !test.disableCheck) return `does not check: ${problem.message}`;
  const { resultMatcher: matcher } = test;
  if (matcher.case === "typedResult") {
    const deduced = typeText(checked.tree.type);
    const wanted = typeText(celType(matcher.value.deducedType!));
    if (deduced !== wanted) return `is a ${deduced}, not a ${wanted}`;
    if (test.checkOnly) return undefined;
  }
  const code = codeOf(checked);
  let result: Value;
  try {
    result = runTest(spec, code);
  } catch (error) {
    const isExpected = matcher.case === "evalError" && error instanceof CelError;
    return isExpected ? undefined : `${(error as Error).stack?.split("\n").slice(0, 2).join(" ")} in ${code}`;
  }
  if (matcher.case === "evalError") return `has a value: ${show(result)}`;
  let wanted: Value = true;
  if (matcher.case === "value" && matcher.value.kind.case === "enumValue")
    return "enums have no type of their own";
  if (matcher.case === "value") wanted = celValue(matcher.value, messages);
  else if (matcher.case === "typedResult") wanted = celValue(matcher.value.result!, messages);
  return same(result, wanted) ? undefined : `is ${show(result)}, not ${show(wanted)}: ${code}`;
}

/** Stricter than `==`: of the same type, and NaN is NaN. */
function same(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  switch (kind) {
    case "uint":
      return (a as Uint).value === (b as Uint).value;
    case "type":
      return (a as TypeValue).typeName === (b as TypeValue).typeName;
    case "timestamp":
    case "duration":
      return (a as { nanos: bigint }).nanos === (b as { nanos: bigint }).nanos;
    case "bytes":
      return Buffer.from(a as Uint8Array).equals(b as Uint8Array);
    case "list":
      return (
        (a as Value[]).length === (b as Value[]).length &&
        (a as Value[]).every((x, i) => same(x, (b as Value[])[i]!))
      );
    case "map": {
      const [x, y] = [a, b] as CelMap<Value, Value>[];
      return (
        x!.size === y!.size && x!.entries().every(([key, value]) => y!.has(key) && same(value, y!.find(key)!))
      );
    }
    case "message":
      return (a as MessageValue).equals(b as MessageValue);
    case "double":
      return a === b || (Number.isNaN(a) && Number.isNaN(b));
    default:
      return a === b;
  }
}

function show(value: Value): string {
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof CelMap) return `{${value.entries().map(([key, each]) => `${show(key)}: ${show(each)}`).join(", ")}}`; // biome-ignore format: one expression
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : `${String(value)} (${kindOf(value)})`;
}
