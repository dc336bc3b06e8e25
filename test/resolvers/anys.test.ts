import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { compile, load } from "../support/compile.js";
import { sourcesOf } from "../support/gateway.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const ANY = 'import "google/protobuf/any.proto";\n';
const internal = `${ANY} service Api { rpc GetDoc(Q) returns (Doc); } message Q { string id = 1; }
  message Doc { string id = 1; } message Note { string text = 1; string secret = 2; }`;
const SERVICE = 'option (portico.v1.service) = { from: "in.Api" allow: {authenticated: true} };';
const MESSAGES = `message Note { string text = 1; optional string secret = 2 [(portico.v1.field).allow = {role: "admin"}]; }
  message Doc {
    google.protobuf.Any what = 1 [(portico.v1.field).any = "pub.Note"];
    repeated google.protobuf.Any all = 2 [(portico.v1.field).any = "pub.Note"];
    map<string, google.protobuf.Any> by_name = 3 [(portico.v1.field).any = "pub.Note"];
  }`;
const admin = { subject: "a", roles: ["admin"], scopes: [], claims: {} };
const note = { "@type": "type.googleapis.com/pub.Note", text: "t" };

it("the Anys of a request that a function gets hold what they list, and no field that the caller may not set", async () => {
  const compiled = compile(
    sourcesOf(
      internal,
      `${ANY} service Api { ${SERVICE} rpc UpdateDoc(U) returns (Answer) { option (portico.v1.method).resolver = "update"; } }
      message U { Doc doc = 1; } message Answer { string note = 1; } ${MESSAGES}`,
    ),
  );
  const api = await load(compiled);
  let runs = 0;
  const ask = async (doc: object, principal = { ...admin, roles: [] as string[] }) => {
    const before = runs;
    const resolvers = { update: () => ({ note: String(++runs) }) };
    const upstream = new FakeUpstream(compiled.registry, {});
    const { error } = await invoke(api, upstream, "pub.Api/UpdateDoc", { doc } as never, {
      principal,
      resolvers,
    });
    expect(runs - before).toBe(error === undefined ? 1 : 0);
    return error?.code;
  };
  const places = [
    (any: object) => ({ what: any }),
    (any: object) => ({ all: [note, any] }),
    (any: object) => ({ byName: { a: note, b: any } }),
  ];
  for (const doc of places) {
    expect(await ask(doc(note))).toBeUndefined();
    expect(await ask(doc({ ...note, secret: "s" }))).toBe(Code.PERMISSION_DENIED);
    expect(await ask(doc({ ...note, secret: "s" }), admin)).toBeUndefined();
    for (const type of ["in.Note", "pub.U"])
      expect(await ask(doc({ "@type": `type.googleapis.com/${type}` }), admin)).toBe(Code.INVALID_ARGUMENT);
  }
});

it("so do those that the resolver of a field may read", async () => {
  const compiled = compile(
    sourcesOf(
      internal,
      `${ANY} service Api { ${SERVICE} rpc GetDoc(Q) returns (Answer); }
      message Q { string id = 1; Doc doc = 2; }
      message Answer { string id = 1; string note = 2 [(portico.v1.field) = {resolver: "note" reads: "request.doc"}]; } ${MESSAGES}`,
    ),
  );
  const api = await load(compiled);
  const ask = async (any: object, principal = { ...admin, roles: [] as string[] }) => {
    const upstream = new FakeUpstream(compiled.registry, { "in.Api/GetDoc": () => ({ id: "1" }) });
    const request = { doc: { what: any } } as never;
    const resolvers = { note: () => "n" };
    const { error } = await invoke(api, upstream, "pub.Api/GetDoc", request, { principal, resolvers });
    expect(upstream.calls).toHaveLength(error === undefined ? 1 : 0);
    return error?.code;
  };
  expect(await ask(note)).toBeUndefined();
  expect(await ask({ ...note, secret: "s" })).toBe(Code.PERMISSION_DENIED);
  expect(await ask({ ...note, secret: "s" }, admin)).toBeUndefined();
  expect(await ask({ "@type": "type.googleapis.com/in.Note" }, admin)).toBe(Code.INVALID_ARGUMENT);
});

it("the resolver of a field makes no Any", () => {
  const { error } = compile(
    sourcesOf(
      internal,
      `${ANY} service Api { ${SERVICE} rpc GetDoc(Q) returns (Doc); } message Q { string id = 1; }
      message Doc { string id = 1; google.protobuf.Any what = 2 [(portico.v1.field).resolver = "x"]; }`,
    ),
  );
  expect(error).toContain('any-type: "what" can hold a message of any type: nobody looks at');
  expect(error).toContain("1 finding");
});
