import { Code, type GatewayApi, type Principal } from "@portico/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { typeErrors } from "../support/check-code.js";
import { type Compiled, compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

// biome-ignore lint/suspicious/noExplicitAny: what resolvers are given is what is tested.
type Given = any;

const internal = `
  syntax = "proto3";
  package in;
  service Docs {
    rpc ListDocs(ListDocsRequest) returns (ListDocsResponse);
    rpc GetStatus(GetStatusRequest) returns (Status);
  }
  message ListDocsRequest {
    string tenant_id = 1;
    string text = 2;
    Filter filter = 3;
    oneof scope { string region = 4; bool everywhere = 5; }
    repeated string teams = 6;
  }
  message Filter { string owner = 1; repeated string labels = 2; string color = 3; }
  message ListDocsResponse { repeated Doc docs = 1; }
  message Doc { string id = 1; }
  message GetStatusRequest { string id = 1; }
  message Status { string text = 1; }
`;

const api = `
  syntax = "proto3";
  package api;
  import "portico/v1/options.proto";
  service Shop {
    option (portico.v1.service) = {
      from: "in.Docs"
      allow: {authenticated: true}
      set: "tenant_id = auth.claims.tenant"
      set: "filter.owner = auth.subject"
      set: "filter.labels = ['shared']"
      set: "region = 'eu'"
      set: "teams = auth.roles"
    };
    rpc ListDocs(ListDocsRequest) returns (ListDocsResponse);
    rpc Search(SearchRequest) returns (SearchResponse) {
      option (portico.v1.method) = {resolver: "search", may_call: "ListDocs", may_call: "GetStatus"};
    }
    rpc Watch(stream SearchRequest) returns (stream SearchResponse) {
      option (portico.v1.method) = {resolver: "watch", may_call: "ListDocs"};
    }
  }
  service First {
    option (portico.v1.service) = {from: "in.Docs" allow: {authenticated: true} set: "text = request.text"};
    rpc Watch(stream SearchRequest) returns (stream SearchResponse) {
      option (portico.v1.method) = {resolver: "watch", may_call: "ListDocs"};
    }
    rpc Upload(stream SearchRequest) returns (ListDocsResponse) {
      option (portico.v1.method) = {
        resolver: "upload"
        call: {name: "status" method: "GetStatus"}
        may_call: "ListDocs"
        max_calls: 3
      };
    }
  }
  message SearchRequest { string text = 1; }
  message SearchResponse { string note = 1; }
  message ListDocsRequest { string text = 1; }
  message ListDocsResponse { repeated Doc docs = 1; }
  message Doc {
    string id = 1;
    string near = 2 [(portico.v1.field) = {resolver: "near", reads: "id", may_call: "in.Docs/ListDocs"}];
  }
`;

let compiled: Compiled;
let gateway: GatewayApi;
beforeAll(async () => {
  compiled = compile({ "in.proto": internal, "api.proto": api });
  expect(compiled.error).toBeUndefined();
  gateway = await load(compiled);
});

const anna: Principal = { subject: "anna", roles: ["a", "b"], scopes: [], claims: { tenant: "acme" } };
const answers = {
  "in.Docs/ListDocs": () => ({ docs: [{ id: "1" }] }),
  "in.Docs/GetStatus": () => ({ text: "fine" }),
};

async function run(
  method: string,
  resolvers: Record<string, unknown>,
  { principal = anna, requests }: { principal?: Principal; requests?: object[] } = {},
) {
  const upstream = new FakeUpstream(compiled.registry, answers);
  const options = { principal, resolvers, ...(requests && { requests: requests as never }) };
  const result = await invoke(gateway, upstream, `api.${method}`, { text: "t" }, options);
  return { ...result, calls: upstream.calls };
}

const own = {
  tenantId: "acme",
  filter: { owner: "anna", labels: ["shared"] },
  region: "eu",
  teams: ["a", "b"],
};

describe("`set` of a service", () => {
  test("holds for what the function of a method calls, whatever it says itself", async () => {
    const said: Given[] = [
      {},
      { text: "x" },
      { tenantId: "other", teams: ["admins"], everywhere: true },
      { filter: { owner: "other", labels: ["secret"], color: "red" } },
      { tenantId: undefined, filter: undefined },
    ];
    const search = async (_: Given, { upstreams }: Given) => {
      for (const request of said) await upstreams["in.Docs"].listDocs(request);
      const { text } = await upstreams["in.Docs"].getStatus({ id: "7" });
      return { note: text };
    };
    const { response, error, calls } = await run("Shop/Search", { search });
    expect(error).toBeUndefined();
    expect(response).toEqual({ note: "fine" });
    expect(calls.map(({ request }) => request)).toEqual([
      own,
      { ...own, text: "x" },
      own,
      { ...own, filter: { ...own.filter, color: "red" } },
      own,
      { id: "7" },
    ]);
    // What the function has is left as it is.
    expect(said[3].filter.owner).toBe("other");
  });

  test("clears what the function says where it has no value itself", async () => {
    const search = async (_: Given, { upstreams }: Given) => {
      await upstreams["in.Docs"].listDocs({ tenantId: "other", teams: ["admins"], text: "x" });
      return {};
    };
    const { calls } = await run("Shop/Search", { search }, { principal: { ...anna, roles: [] } });
    const { teams: _, ...rest } = own;
    expect(calls.map(({ request }) => request)).toEqual([{ ...rest, text: "x" }]);
  });

  test("denies before anything is called where a claim is missing", async () => {
    let runs = 0;
    const search = () => {
      runs++;
      return {};
    };
    const { error, calls } = await run("Shop/Search", { search }, { principal: { ...anna, claims: {} } });
    expect(error?.code).toBe(Code.PERMISSION_DENIED);
    expect([runs, calls.length]).toEqual([0, 0]);
  });

  test("holds for what the function of a field calls", async () => {
    const near = async ({ id }: Given, { upstreams }: Given) => {
      const { docs } = await upstreams["in.Docs"].listDocs({ tenantId: "other", text: `near ${id}` });
      return docs[0].id;
    };
    const { response, calls } = await run("Shop/ListDocs", { near });
    expect(response).toEqual({ docs: [{ id: "1", near: "1" }] });
    expect(calls.map(({ request }) => request)).toEqual([
      { ...own, text: "t" },
      { ...own, text: "near 1" },
    ]);
  });

  test("reads the first request of a stream", async () => {
    const watch = async function* (requests: AsyncIterable<Given>, { upstreams }: Given) {
      for await (const { text } of requests) {
        await upstreams["in.Docs"].listDocs({ text });
        yield { note: text };
      }
    };
    const requests = [{ text: "one" }, { text: "two" }];
    const watched = await run("First/Watch", { watch }, { requests });
    expect(watched.error).toBeUndefined();
    expect(watched.calls.map(({ request }) => request)).toEqual([{ text: "one" }, { text: "one" }]);
  });

  test("refuses a request that is no object, as it does without", async () => {
    const search = (_: Given, { upstreams }: Given) => upstreams["in.Docs"].listDocs("x");
    expect((await run("Shop/Search", { search })).error?.code).toBe(Code.INTERNAL);
  });

  test("is in code that type-checks", () => {
    expect(typeErrors(compiled.files)).toBe("");
  });
});

test("a mask that a `set` hands on names no guarded field of what it masks there", async () => {
  const guarded = compile({
    "in.proto": `
      syntax = "proto3";
      package in;
      import "google/protobuf/field_mask.proto";
      service Docs { rpc UpdateDoc(UpdateDocRequest) returns (Doc); }
      message UpdateDocRequest { Doc doc = 1; google.protobuf.FieldMask update_mask = 2; }
      message Doc { string id = 1; optional string note = 2; }
    `,
    "api.proto": `
      syntax = "proto3";
      package api;
      import "portico/v1/options.proto";
      import "google/protobuf/field_mask.proto";
      service Shop {
        option (portico.v1.service) = {
          from: "in.Docs"
          allow: {authenticated: true}
          set: "doc = request.draft.doc"
          set: "update_mask = request.update_mask"
        };
        rpc Keep(KeepRequest) returns (KeepResponse) {
          option (portico.v1.method) = {resolver: "keep", may_call: "UpdateDoc"};
        }
      }
      message KeepRequest { Draft draft = 1; google.protobuf.FieldMask update_mask = 2; }
      message Draft { Doc doc = 1; string note = 2; string id = 3; }
      message Doc { string id = 1; optional string note = 2 [(portico.v1.field).allow = {role: "admin"}]; }
      message KeepResponse { string id = 1; }
    `,
  });
  expect(guarded.error).toBeUndefined();
  const loaded = await load(guarded);
  const keep = async (_: Given, { upstreams }: Given) => {
    await upstreams["in.Docs"].updateDoc({});
    return {};
  };
  const ask = async (updateMask: string, roles: string[]) => {
    const upstream = new FakeUpstream(guarded.registry, { "in.Docs/UpdateDoc": () => ({}) });
    const request = { draft: { doc: { id: "1" } }, updateMask };
    const options = { principal: { ...anna, roles }, resolvers: { keep } };
    const { error } = await invoke(loaded, upstream, "api.Shop/Keep", request, options);
    return error?.code ?? upstream.calls.map((call) => call.request);
  };
  expect(await ask("note", [])).toBe(Code.PERMISSION_DENIED);
  expect(await ask("*", [])).toBe(Code.PERMISSION_DENIED);
  expect(await ask("note", ["admin"])).toEqual([{ doc: { id: "1" }, updateMask: "note" }]);
  expect(await ask("id", [])).toEqual([{ doc: { id: "1" }, updateMask: "id" }]);
});
