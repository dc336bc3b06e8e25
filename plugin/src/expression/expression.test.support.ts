import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { suggestion } from "../plan/names.js";
import { messageOf } from "../source/model.js";
import { checkExpression } from "./check.js";
import type { CheckResult } from "./checked.js";
import { compileExpression } from "./compile.js";
import type { Environment } from "./environment.js";
import { parseExpression } from "./parse.js";
import type { Problem } from "./syntax.js";
import type { CelType } from "./types.js";
import { BOOL, BYTES, DOUBLE, DYN, INT, listOf, mapOf, STRING, TIMESTAMP, UINT } from "./types.js";

/** test.Order {id, count, state, tags, customer{email}, lines[]{price}} */
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: "order.proto",
        package: "test",
        syntax: "proto3",
        enumType: [
          {
            name: "OrderState",
            value: ["UNSPECIFIED", "OPEN", "DONE"].map((name, number) => ({
              name: `ORDER_STATE_${name}`,
              number,
            })),
          },
        ],
        messageType: [
          {
            name: "Order",
            field: [
              { name: "id", number: 1, type: Type.STRING, label: Label.OPTIONAL },
              { name: "count", number: 2, type: Type.INT64, label: Label.OPTIONAL },
              {
                name: "state",
                number: 3,
                type: Type.ENUM,
                typeName: ".test.OrderState",
                label: Label.OPTIONAL,
              },
              { name: "tags", number: 4, type: Type.STRING, label: Label.REPEATED },
              {
                name: "customer",
                number: 5,
                type: Type.MESSAGE,
                typeName: ".test.Customer",
                label: Label.OPTIONAL,
              },
              { name: "lines", number: 6, type: Type.MESSAGE, typeName: ".test.Line", label: Label.REPEATED },
            ],
          },
          {
            name: "Customer",
            field: [{ name: "email", number: 1, type: Type.STRING, label: Label.OPTIONAL }],
          },
          { name: "Line", field: [{ name: "price", number: 1, type: Type.DOUBLE, label: Label.OPTIONAL }] },
        ],
      },
    ],
  }),
);

const ORDER: CelType = {
  kind: "message",
  message: messageOf(registry.getMessage("test.Order") as DescMessage),
};

const VARIABLES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ["order", ORDER],
  ["viewer", ORDER],
  ["i", INT],
  ["u", UINT],
  ["d", DOUBLE],
  ["b", BOOL],
  ["s", STRING],
  ["bytes_", BYTES],
  ["t", TIMESTAMP],
  ["x", DYN],
  ["is", listOf(INT)],
  ["ss", listOf(STRING)],
  ["m", mapOf(STRING, INT)],
]);

const environment: Environment = {
  enums: "name",
  suggest: suggestion,
  names: () => VARIABLES.keys(),
  resolve: (name) => {
    const type = VARIABLES.get(name);
    return type === undefined ? undefined : { kind: "variable", type, nullable: name === "viewer" };
  },
};

/** Parses and checks an expression in a small environment; one that does not parse has no tree. */
export function check(text: string): CheckResult | { tree: undefined; problems: readonly Problem[] } {
  const parsed = parseExpression(text);
  return "problem" in parsed
    ? { tree: undefined, problems: [parsed.problem] }
    : checkExpression(parsed.tree, environment);
}

/** The code of an expression: helpers and variables by their names, fields by their dots. */
export function compile(text: string): string {
  const { tree, problems } = check(text);
  if (tree === undefined || problems.length > 0) throw new Error(problems[0]!.message);
  return compileExpression(tree, {
    helper: (name) => name,
    variable: (name) => name,
    local: (name) => name,
    field: (base, field) => `${base}.${field.name}`,
    hasField: (base, field) => `has(${base}.${field.name})`,
    message: () => "message",
    constant: (code) => `constant(${code})`,
  }).text;
}
