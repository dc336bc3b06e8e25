import fc from "fast-check";
import { expect, it } from "vitest";
import { type CelType, typeText } from "../../plugin/src/expression/types.js";
import * as cel from "../../runtime/src/cel/index.js";
import { CelError, CelMap, type Value } from "../../runtime/src/cel/index.js";
import { kindOf } from "../../runtime/src/cel/value.js";
import { checkRandom, expressions, VARIABLES } from "./random-expression.js";
import { codeOf } from "./run.js";

/** Whether a value is one of a type. */
function isOf(value: Value, type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
      return value !== undefined;
    case "null":
      return value === null;
    case "wrapper":
      return value === null || isOf(value, type.of);
    case "list":
      return Array.isArray(value) && value.every((element) => isOf(element, type.element));
    case "map":
      return (
        value instanceof CelMap &&
        value.entries().every(([key, each]) => isOf(key, type.key) && isOf(each, type.value))
      );
    case "timestamp":
    case "duration":
      return value === null || kindOf(value) === type.kind;
    default:
      return kindOf(value) === type.kind;
  }
}

let ran = 0;

function holds(text: string, pick: number): void {
  const result = checkRandom(text);
  if (result === undefined) return;
  ran++;
  const code = codeOf(result);
  const variables = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, [, values]]) => [name, values[pick % values.length]!]),
  );
  let value: Value;
  try {
    value = new Function("cel", "variables", code)(cel, variables) as Value;
  } catch (error) {
    if (error instanceof CelError) return;
    throw new Error(`${code} throws`, { cause: error });
  }
  const { type } = result.tree;
  expect(isOf(value, type), `${code} is ${String(value)}, not of type ${typeText(type)}`).toBe(true);
}

it("gives values of the types that the checker says, or a CelError", () => {
  fc.assert(fc.property(expressions, fc.nat(29), holds), { numRuns: 10_000 });
  expect(ran).toBeGreaterThan(1000);
});
