import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { type Value as ProtoValue, ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { Reader } from "../wire/reader.js";
import { structOf } from "./decode.js";
import { CelMap } from "./map.js";
import type { Value } from "./value.js";

type Json = number | string | boolean | null | Json[] | { [key: string]: Json };

const proto = (json: Json): ProtoValue => {
  if (json === null) return create(ValueSchema, { kind: { case: "nullValue", value: 0 } });
  if (typeof json === "number") return create(ValueSchema, { kind: { case: "numberValue", value: json } });
  if (typeof json === "string") return create(ValueSchema, { kind: { case: "stringValue", value: json } });
  if (typeof json === "boolean") return create(ValueSchema, { kind: { case: "boolValue", value: json } });
  if (Array.isArray(json))
    return create(ValueSchema, { kind: { case: "listValue", value: { values: json.map(proto) } } });
  const fields = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, proto(value)]));
  return create(ValueSchema, { kind: { case: "structValue", value: { fields } } });
};

const plain = (value: Value): unknown => {
  if (value instanceof CelMap)
    return Object.fromEntries(value.entries().map(([key, inner]) => [key, plain(inner as Value)]));
  return Array.isArray(value) ? value.map(plain) : value;
};

describe("a google.protobuf.Value in pieces is that of all pieces merged", () => {
  it.each<[string, Json[]]>([
    ["structs", [{ a: 1 }, { b: [2] }]],
    ["structs with one key", [{ a: { x: 1 } }, { a: { y: 2 } }]],
    ["lists", [[1, "x"], [true], [null]]],
    ["a struct, after what it replaces", [[1], { a: 1 }, { b: 2 }]],
    ["structs with another member in between", [{ a: 1 }, "text", { b: 2 }]],
    ["lists with a null in between", [[1], null, [2]]],
    ["a text at the end", [{ a: 1 }, "text"]],
    ["three structs", [{ a: 1 }, { b: { c: [1] } }, { d: "d" }]],
  ])("%s", (_, pieces) => {
    const content = Buffer.concat(pieces.map((piece) => toBinary(ValueSchema, proto(piece))));
    // As a field of a message: its length comes first.
    const bytes = Buffer.concat([Buffer.from([0x0a, content.length]), content]);
    const reader = new Reader(bytes, "");
    reader.tag();
    const at = reader.message(0);
    const expected = toJson(ValueSchema, fromBinary(ValueSchema, content));
    expect(plain(structOf(reader, at, "value"))).toEqual(expected);
  });
});
