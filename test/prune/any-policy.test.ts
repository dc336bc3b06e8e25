import { Code } from "@portico/runtime";
import { beforeAll, expect, it } from "vitest";
import { type Gateway, gateway } from "../support/gateway.js";

// Fields with an `allow` inside an Any of a request: they are refused before anything is called, however the bytes are cut.
const internal = `
  import "google/protobuf/any.proto";
  import "google/protobuf/field_mask.proto";
  service Api { rpc UpdateDoc(UpdateDocRequest) returns (Doc); }
  message UpdateDocRequest { Doc doc = 1; google.protobuf.FieldMask update_mask = 2; }
  message Doc { string id = 1; google.protobuf.Any what = 2; repeated google.protobuf.Any all = 3; map<string, google.protobuf.Any> by_name = 4; }
  message Note { string text = 1; string secret = 2; google.protobuf.Any inner = 3; }
  message Free { string text = 1; }
`;
const api = `
  import "google/protobuf/any.proto";
  import "google/protobuf/field_mask.proto";
  service Api {
    option (portico.v1.service) = { from: "in.Api" allow: {authenticated: true} };
    rpc UpdateDoc(UpdateDocRequest) returns (Doc);
  }
  message UpdateDocRequest { Doc doc = 1; google.protobuf.FieldMask update_mask = 2; }
  message Doc {
    string id = 1;
    google.protobuf.Any what = 2 [(portico.v1.field) = {any: "pub.Note" any: "pub.Free"}];
    repeated google.protobuf.Any all = 3 [(portico.v1.field) = {any: "pub.Note" any: "pub.Free"}];
    map<string, google.protobuf.Any> by_name = 4 [(portico.v1.field) = {any: "pub.Note" any: "pub.Free"}];
  }
  message Note {
    option (portico.v1.message).source = "in.Note";
    string text = 1;
    optional string secret = 2 [(portico.v1.field).allow = {role: "admin"}];
    google.protobuf.Any inner = 3 [(portico.v1.field) = {any: "pub.Note" any: "pub.Free"}];
  }
  message Free { option (portico.v1.message).source = "in.Free"; string text = 1; }
`;
let made: Gateway;
beforeAll(async () => {
  made = await gateway(internal, api);
}, 60_000);

const ask = async (request: object | Uint8Array, roles: readonly string[] = ["viewer"]) => {
  const { error, response, upstream } = await made.run(
    { "in.Api/UpdateDoc": ({ doc }: { doc: object }) => doc ?? {} },
    { request: request as never, roles },
  );
  if (error !== undefined) expect(upstream.calls).toEqual([]);
  return error?.code ?? response;
};
const note = (more: object) => ({ "@type": "type.googleapis.com/pub.Note", text: "t", ...more });
const free = { "@type": "type.googleapis.com/pub.Free", text: "f" };

it.each([
  ["itself", (any: object) => ({ what: any })],
  ["in a list", (any: object) => ({ all: [free, any] })],
  ["in a map", (any: object) => ({ byName: { a: free, b: any } })],
  ["in another Any", (any: object) => ({ what: note({ inner: any }) })],
])("an Any %s", async (_, doc) => {
  const open = { doc: doc(note({})) };
  const guarded = { doc: doc(note({ secret: "s" })) };
  expect(await ask(open)).toEqual(open.doc);
  expect(await ask({ doc: doc(free) })).toEqual(doc(free));
  expect(await ask(guarded)).toBe(Code.PERMISSION_DENIED);
  expect(await ask({ doc: doc(note({ secret: "" })) })).toBe(Code.PERMISSION_DENIED);
  expect(await ask(guarded, ["admin"])).toEqual(guarded.doc);
});

it("an Any that comes in pieces", async () => {
  const field = (number: number, content: Uint8Array | string) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  };
  const join = (...parts: Uint8Array[]) => Buffer.concat(parts);
  const type = (name: string) => field(1, `type.googleapis.com/pub.${name}`);
  const secret = field(2, field(2, "s"));
  const doc = (...whats: Uint8Array[]) => whats.map((what) => field(1, field(2, what)));
  const cut = [
    join(field(1, join(field(2, type("Note")), field(2, secret)))),
    join(...doc(type("Note"), secret)),
    join(...doc(secret, type("Note"))),
    join(...doc(join(type("Free"), secret), type("Note"))),
  ];
  for (const bytes of cut) {
    expect(await ask(bytes)).toBe(Code.PERMISSION_DENIED);
    expect(await ask(bytes, ["admin"])).toMatchObject({ what: { secret: "s" } });
  }
  // What a later piece replaces is not set.
  expect(await ask(join(...doc(join(type("Note"), secret), field(2, field(1, "t")))))).toEqual({
    what: note({}),
  });
  expect(await ask(join(...doc(join(type("Note"), secret.subarray(0, 4)))))).toBe(Code.INVALID_ARGUMENT);
});

it("a mask that names an Any", async () => {
  const masked = (updateMask: string, roles?: string[]) => ask({ doc: { id: "a" }, updateMask }, roles);
  expect(await masked("id")).toEqual({ id: "a" });
  expect(await masked("what")).toBe(Code.PERMISSION_DENIED);
  expect(await masked("what", ["admin"])).toEqual({ id: "a" });
});
