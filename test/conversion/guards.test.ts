import { Code, type GatewayApi } from "@portico/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { type Compiled, compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const sources = {
  "internal.proto": `syntax = "proto2"; package in;
    import "google/protobuf/field_mask.proto";
    service Things {
      rpc UpdateThing(UpdateThingRequest) returns (Thing);
      rpc GetThing(GetThingRequest) returns (Thing);
    }
    message UpdateThingRequest { optional Thing thing = 1; optional google.protobuf.FieldMask update_mask = 2; }
    message Thing {
      optional string name = 1;
      optional string owner_id = 2;
      optional Part part = 3;
      repeated Part parts = 4;
      map<string, Part> by_name = 5;
      repeated Label labels = 6;
    }
    message Part { optional string a = 1; optional string hidden = 2; }
    message Label { optional string text = 1; }
    message GetThingRequest { required int32 number = 1; required string id = 2; }`,
  "public.proto": `syntax = "proto3"; package pub;
    import "portico/v1/options.proto";
    import "google/protobuf/field_mask.proto";
    service Things {
      option (portico.v1.service) = { from: "in.Things" allow: {authenticated: true} };
      rpc UpdateThing(UpdateThingRequest) returns (Thing);
      rpc GetThing(GetThingRequest) returns (Thing);
    }
    message UpdateThingRequest { Thing thing = 1; google.protobuf.FieldMask update_mask = 2; }
    message Thing {
      option (portico.v1.message).set = "owner_id = auth.subject";
      string name = 1;
      Part part = 3;
      repeated Part parts = 4;
      map<string, Part> by_name = 5;
      repeated Label labels = 6;
    }
    message Part { string a = 1 [(portico.v1.field).output_only = true]; }
    message Label { string text = 1; }
    message GetThingRequest { int32 number = 1; optional string id = 2; }`,
};
const principal = { subject: "me", roles: [], scopes: [], claims: {} };

describe("what guards an upstream from a client", () => {
  let compiled: Compiled;
  let api: GatewayApi;

  beforeAll(async () => {
    compiled = compile(sources);
    api = await load(compiled);
  });

  const run = async (method: string, request: object) => {
    const upstream = new FakeUpstream(compiled.registry, {
      "in.Things/UpdateThing": () => ({}),
      "in.Things/GetThing": () => ({}),
    });
    const { error } = await invoke(api, upstream, `pub.Things/${method}`, request as never, { principal });
    return { error, asked: upstream.calls[0]?.request as Record<string, unknown> | undefined };
  };
  const update = (updateMask: string) => run("UpdateThing", { thing: { name: "n" }, updateMask });

  it("a mask of all names what the client gives, not what a `set` gives", async () => {
    const { asked } = await update("*");
    expect(asked!.updateMask).toBe("name,labels");
    expect(asked!.thing).toEqual({ name: "n", ownerId: "me" });
  });

  // An empty mask stands for all fields; and an upstream that replaces a list takes with it what only it knows.
  it.each(["part", "parts", "byName"])(
    "a mask path to what clients cannot give whole is refused: %s",
    async (path) => {
      const { error, asked } = await update(path);
      expect(error?.code).toBe(Code.INVALID_ARGUMENT);
      expect(asked).toBeUndefined();
    },
  );

  it("a required field takes the zero of a field without presence", async () => {
    expect((await run("GetThing", { id: "" })).asked).toEqual({ number: 0, id: "" });
  });

  it("a required field whose source is not set is refused", async () => {
    const { error, asked } = await run("GetThing", { number: 1 });
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(asked).toBeUndefined();
  });
});

it("masks of self-recursive messages stay small", () => {
  const fields = (extra: string) =>
    `${Array.from({ length: 14 }, (_, i) => `N n${i} = ${i + 1};`).join(" ")} string a = 20; ${extra}`;
  const { files, error } = compile({
    "internal.proto": `syntax = "proto3"; package in; import "google/protobuf/field_mask.proto";
      service S { rpc Update(R) returns (N); } message R { N n = 1; google.protobuf.FieldMask mask = 2; }
      message N { ${fields("string h = 21;")} }`,
    "public.proto": `syntax = "proto3"; package pub; import "google/protobuf/field_mask.proto";
      import "portico/v1/options.proto";
      service S { option (portico.v1.service) = {from: "in.S" allow: {public: true}}; rpc Update(R) returns (N); }
      message R { N n = 1; google.protobuf.FieldMask mask = 2; } message N { ${fields("")} }`,
  });
  expect(error).toBeUndefined();
  expect(files.get("public_gateway.ts")!.length).toBeLessThan(300_000);
});

it("very deep paths are code that parses", async () => {
  const depth = 88;
  const chain = Array.from(
    { length: depth },
    (_, i) => `message M${i} { ${i < depth - 1 ? `M${i + 1} f = 1;` : "string f = 1;"} }`,
  ).join("\n");
  const compiled = compile({
    "internal.proto": `syntax = "proto3"; package in; service S { rpc Get(Q) returns (M0); } message Q {} ${chain}`,
    "public.proto": `syntax = "proto3"; package pub; import "portico/v1/options.proto";
      service S { option (portico.v1.service) = {from: "in.S" allow: {public: true}}; rpc Get(Q) returns (R); }
      message Q {} message R { string x = 1 [(portico.v1.field).from = "${Array(depth).fill("f").join(".")}"]; }`,
  });
  await expect(load(compiled)).resolves.toBeDefined();
});
