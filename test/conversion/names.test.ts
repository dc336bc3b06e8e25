import type { GatewayApi } from "@portico/runtime";
import { beforeAll, expect, it } from "vitest";
import { int, len } from "../../runtime/src/wire/bytes.test.support.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

// Words of the language, of generated code and of what it imports; names that begin or end in no letter.
const FIELDS = [
  "constructor", "__proto__", "prototype", "class", "await", "arguments", "eval", "undefined", "w", "r", "tag", "at", "end",
  "call", "input", "source", "message", "inner", "value", "key", "keys", "entry", "mark", "keep", "row", "rows",
  "reader", "convert", "unwrap", "check", "part_of", "_", "_1", "_1_2", "a_", "A__b", "a_b", "i", "_x_", "list",
] as const; // biome-ignore format: a list
const METHODS = ["Check", "Convert", "KeyAt", "Call", "Request", "Input", "Unwrap", "Source", "Routes", "Rows", "Promise", "Await", "Delete", "x", "_1"]; // biome-ignore format: a list

const fields = (first: number) =>
  FIELDS.map((name, i) => `  string ${name} = ${i + first} [json_name = "f${i}"];`).join("\n");
const methods = (pkg: string) =>
  METHODS.map((name) => `  rpc ${name}(${pkg}._1) returns (${pkg}._1);`).join("\n");

const sources = {
  "internal.proto": `syntax = "proto3"; package in;
    service S { ${methods("in")} rpc Get(in.Ids) returns (in.Rows); }
    message _1 { ${fields(1)} Inner end_of_ = 90; repeated Inner tags = 91; map<string, string> by_key = 92; }
    message Inner { string key = 1; Inner end = 2; _2 _2 = 3; }
    message _2 { string _3 = 1; }
    message Ids { repeated string ids = 1; }
    message Rows { repeated Row rows = 1; }
    message Row { _2 _2 = 1; oneof id { string one = 2; string other = 3; } string text = 4; }`,
  "public.proto": `syntax = "proto3"; package pub; import "portico/v1/options.proto";
    service S { option (portico.v1.service) = { from: "in.S" allow: {public: true} }; ${methods("pub")}
      rpc Calls(pub.Small) returns (pub.Two) {
        option (portico.v1.method) = {
          call: {name: "check" method: "Check" effect: READ set: "key = request.key"}
          call: {name: "end" method: "Check" effect: READ set: "key = check.key"}
          call: {name: "_1" method: "_1" effect: READ set: "keys = request.key"}
        };
      }
    }
    message Two {
      string a = 1 [(portico.v1.field).from = "check.key"];
      string b = 2 [(portico.v1.field).from = "end.key"];
      Small c = 3 [(portico.v1.field).from = "_1"];
      string d = 4 [(portico.v1.field).from = "_1.end_of_.end.key"];
      string e = 5 [(portico.v1.field).from = "_1.end_of_._2._3"];
      string request = 6 [(portico.v1.field).from = "request.key"];
    }
    message Small { string key = 1; string key2 = 2 [(portico.v1.field) = {from: "keys" output_only: true}]; }
    message _1 { ${fields(101)} Inner end_of_ = 90; repeated Inner tags = 91; map<string, string> by_key = 92; }
    message Inner {
      option (portico.v1.message) = {
        join: {name: "end" method: "in.S/Get" key: "key -> ids = rows._2._3"}
        join: {name: "w" method: "in.S/Get" key: "key -> ids = rows.one"}
        join: {name: "keyAt" method: "in.S/Get" key: "key -> ids = rows.other"}
      };
      string key = 1;
      Inner end_of = 2 [(portico.v1.field) = {from: "source.end" output_only: true}];
      _2 _2 = 3;
      string a = 4 [(portico.v1.field).from = "end.text"];
      string b = 5 [(portico.v1.field).from = "w.text"];
      string c = 6 [(portico.v1.field).from = "keyAt.text"];
    }
    message _2 { string _3 = 1; }`,
};

let compiled: Compiled;
let api: GatewayApi;
beforeAll(async () => {
  compiled = compile(sources);
  api = await load(compiled);
});

const upstream = (get: unknown = {}) =>
  new FakeUpstream(compiled.registry, {
    ...Object.fromEntries(METHODS.map((name) => [`in.S/${name}`, (_: unknown, bytes: Uint8Array) => bytes])),
    "in.S/Get": () => get,
  });

it.each(METHODS)("a method called %s, with fields of every name, in both directions", async (method) => {
  const request = Uint8Array.from(FIELDS.flatMap((name, i) => len(101 + i, name)));
  const { bytes, error } = await invoke(api, upstream(), `pub.S/${method}`, request);
  expect(error?.cause).toBeUndefined();
  expect(Buffer.from(bytes!).toString("hex")).toBe(Buffer.from(request).toString("hex"));
});

it("calls of such names", async () => {
  const { response, error } = await invoke(api, upstream(), "pub.S/Calls", { key: "k" });
  expect(error?.cause).toBeUndefined();
  expect(response).toEqual({
    a: "k",
    b: "k",
    c: { key2: "k" },
    request: "k",
  });
});

it("keys that stand in a oneof, or in a message with such a name", async () => {
  const rows = Uint8Array.from([
    ...len(1, [...len(1, len(1, "k")), ...len(4, "by _3")]),
    // A later sibling clears the key: this row is for nobody by `one`.
    ...len(1, [...len(2, "k"), ...len(3, "else"), ...len(4, "cleared")]),
    ...len(1, [...len(3, "k"), ...int(9, 1), ...len(2, "k"), ...len(4, "by one")]),
    ...len(1, [...len(2, "k"), ...len(3, "k"), ...len(4, "by other")]),
  ]);
  const request = Uint8Array.from(len(90, len(1, "k")));
  const { response, error } = await invoke(api, upstream(rows), "pub.S/x", request);
  expect(error?.cause).toBeUndefined();
  expect(response).toMatchObject({ endOf: { key: "k", a: "by _3", b: "by one", c: "by other" } });
});
