import { type Type, Type_PrimitiveType, Type_WellKnownType } from "@bufbuild/cel-spec/cel/expr/checked_pb.js";
import { type SimpleTest, SimpleTestSchema } from "@bufbuild/cel-spec/cel/expr/conformance/test/simple_pb.js";
import type { Value as SpecValue } from "@bufbuild/cel-spec/cel/expr/value_pb.js";
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";
import { getTestRegistry } from "@bufbuild/cel-spec/testdata/registry.js";
import type { SerializedIncrementalTestSuite } from "@bufbuild/cel-spec/testdata/tests.js";
import { fromJson, type Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { messageType } from "../../plugin/src/expression/field-type.js";
import * as types from "../../plugin/src/expression/types.js";
import { messageOf } from "../../plugin/src/source/model.js";
import { CelMap, TypeValue, Uint, type Value } from "../../runtime/src/cel/index.js";
import type { Messages } from "./messages.js";

/** One test of the CEL specification. */
export interface SpecTest {
  /** "section/subsection/name", numbered where names repeat. */
  readonly path: string;
  readonly section: string;
  readonly test: SimpleTest;
  /** The type that cel-go deduces; undefined where it finds a mistake. */
  readonly type: string | undefined;
}

export const registry: Registry = getTestRegistry();

/** The simple tests of the CEL specification, as @bufbuild/cel-spec carries them. */
export function specTests(): SpecTest[] {
  const found: SpecTest[] = [];
  const seen = new Map<string, number>();
  const walk = (suite: SerializedIncrementalTestSuite, path: readonly string[]): void => {
    for (const { original, type } of suite.tests ?? []) {
      const name = [...path, original.name ?? original.expr].join("/");
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      const test = fromJson(SimpleTestSchema, original, { registry });
      found.push({ path: count === 1 ? name : `${name} #${count}`, section: path[0]!, test, type });
    }
    for (const inner of suite.suites ?? []) walk(inner, [...path, inner.name]);
  };
  walk(tests, []);
  return found;
}

/** A value of the specification's messages as a value of CEL. */
export function celValue(value: SpecValue, messages: Messages): Value {
  const { kind } = value;
  switch (kind.case) {
    case "uint64Value":
      return new Uint(kind.value);
    case "nullValue":
      return null;
    case "listValue":
      return kind.value.values.map((element) => celValue(element, messages));
    case "mapValue":
      return new CelMap(
        kind.value.entries.map(
          (entry) => [celValue(entry.key!, messages), celValue(entry.value!, messages)] as const,
        ),
      );
    case "objectValue": {
      const message = anyUnpack(kind.value, registry)!;
      return messages.toValue(reflect(registry.getMessage(message.$typeName)!, message));
    }
    case "typeValue":
      return new TypeValue(kind.value);
    case "enumValue":
      return BigInt(kind.value.value);
    case undefined:
      throw new Error("a value without a kind");
    default:
      return kind.value;
  }
}

const PRIMITIVES: Readonly<Partial<Record<Type_PrimitiveType, types.CelType>>> = {
  [Type_PrimitiveType.BOOL]: types.BOOL,
  [Type_PrimitiveType.INT64]: types.INT,
  [Type_PrimitiveType.UINT64]: types.UINT,
  [Type_PrimitiveType.DOUBLE]: types.DOUBLE,
  [Type_PrimitiveType.STRING]: types.STRING,
  [Type_PrimitiveType.BYTES]: types.BYTES,
};

/** A type of the specification's messages as one of the checker. */
export function celType(type: Type): types.CelType {
  const { typeKind: kind } = type;
  switch (kind.case) {
    case "primitive":
      return PRIMITIVES[kind.value]!;
    case "wrapper":
      return types.wrapperOf(PRIMITIVES[kind.value]!);
    case "null":
      return types.NULL;
    case "wellKnown":
      if (kind.value === Type_WellKnownType.TIMESTAMP) return types.TIMESTAMP;
      return kind.value === Type_WellKnownType.DURATION ? types.DURATION : types.DYN;
    case "listType":
      return types.listOf(celType(kind.value.elemType!));
    case "mapType":
      return types.mapOf(celType(kind.value.keyType!), celType(kind.value.valueType!));
    case "messageType":
      return messageType(messageOf(registry.getMessage(kind.value)!));
    case "typeParam":
      return types.param(kind.value);
    case "type":
      return types.typeOf(celType(kind.value));
    case "abstractType":
      return { kind: "opaque", name: kind.value.name, params: kind.value.parameterTypes.map(celType) };
    default:
      return types.DYN;
  }
}
