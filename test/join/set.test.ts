import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Get(GetRequest) returns (Doc); rpc GetNote(GetNoteRequest) returns (Note); }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message GetRequest { string id = 1; }
  message GetNoteRequest { string tenant_id = 1; }
  message Note { string text = 1; }
  message Doc { string user_id = 1; string editor_id = 2; }
  message Scope { string region = 1; int32 limit = 2; }
  message BatchGetUsersRequest { repeated string ids = 1; string tenant_id = 2; Scope scope = 3; string actor = 4; }
  message User { string id = 1; string boss_id = 2; string name = 3; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = {
      from: "in.Docs" allow: {authenticated: true}
      set: "tenant_id = auth.claims.org.tenant"
    };
    rpc Get(GetRequest) returns (GetResponse);
    rpc GetBoth(GetRequest) returns (GetBothResponse) {
      option (portico.v1.method).call = {method: "Get"};
      option (portico.v1.method).call = {name: "note" method: "GetNote"};
    }
    rpc GetBare(GetRequest) returns (GetBareResponse) {
      option (portico.v1.method).allow = {public: true};
      option (portico.v1.method).call = {method: "Get"};
    }
  }
  message GetRequest { string id = 1; string region = 2; }
  message GetBareResponse { string user_id = 1; string region = 2 [(portico.v1.field).from = "request.region"]; }
  message GetBothResponse { string user_id = 1; Note note = 2; string region = 3 [(portico.v1.field).from = "request.region"]; }
  message Note { string text = 1; }
  message GetResponse {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"
      set: "scope.region = request.region" set: "actor = auth.subject"
    };
    option (portico.v1.message).join = {
      name: "editor" method: "in.Users/BatchGetUsers" key: "editor_id -> ids = users.id"
      set: "scope.region = request.id" set: "actor = auth.subject"
    };
    User user = 1;
    string editor = 2 [(portico.v1.field).from = "editor.name"];
  }
  message User {
    option (portico.v1.message).join = {
      name: "boss" method: "in.Users/BatchGetUsers" key: "boss_id -> ids = users.id"
    };
    string boss = 1 [(portico.v1.field).from = "boss.name"];
  }
  `,
);
const answers: Answers = {
  "in.Docs/Get": () => ({ userId: "u1", editorId: "u2" }),
  "in.Docs/GetNote": () => ({ text: "t" }),
  "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
    users: ids.map((id) => ({ id, bossId: `${id}b`, name: `n${id}` })),
  }),
};

describe("set", () => {
  it("of a service reaches every call and join that has the field, at every level", async () => {
    const run = await (await schema).run(answers, {
      request: { id: "d", region: "eu" },
      claims: { org: { tenant: "acme" } },
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ user: { boss: "nu1b" }, editor: "nu2" });
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([
      { ids: ["u1"], tenantId: "acme", scope: { region: "eu" }, actor: "u1" },
      // Not the same arguments: a call of its own.
      { ids: ["u2"], tenantId: "acme", scope: { region: "d" }, actor: "u1" },
      { ids: ["u1b"], tenantId: "acme" },
    ]);
  });

  it.each([
    ["in another place", { tenant: "acme" }],
    ["an empty one", { org: { tenant: "" } }],
    ["no text", { org: { tenant: ["acme"] } }],
    ["of the prototype", { org: Object.create({ tenant: "acme" }) }],
  ])("a claim that is not there denies, with nothing called: %s", async (_, claims) => {
    for (const method of ["pub.Api/Get", "pub.Api/GetBoth"]) {
      const run = await (await schema).run(answers, { method, request: { id: "d", region: "eu" }, claims });
      expect(run.error).toMatchObject({ code: 7, message: "permission denied" });
      expect(run.upstream.calls).toEqual([]);
    }
  });

  it("no credentials at all are UNAUTHENTICATED, with nothing called", async () => {
    for (const method of ["pub.Api/Get", "pub.Api/GetBoth"]) {
      const run = await (await schema).run(answers, { method, request: { id: "d", region: "eu" } });
      expect(run.error).toMatchObject({ code: 16 });
      expect(run.upstream.calls).toEqual([]);
    }
  });

  it("asks nothing of those who call a method that needs none", async () => {
    const run = await (await schema).run(answers, { method: "pub.Api/GetBare", request: { id: "d" } });
    expect(run.response).toEqual({ userId: "u1" });
  });
});
