import { expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

const shop = gateway(
  `
  service Orders { rpc Get(GetRequest) returns (Order); rpc Watch(GetRequest) returns (stream Order); }
  service Users { rpc BatchGetUsers(Ids) returns (Users_); rpc BatchGetFirms(Ids) returns (Firms); }
  message GetRequest {}
  message Ids { repeated string ids = 1; }
  message Order { string id = 1; string user_id = 2; }
  message User { string id = 1; string firm_id = 2; string name = 3; }
  message Users_ { repeated User users = 1; }
  message Firm { string id = 1; string name = 2; }
  message Firms { repeated Firm firms = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Orders" allow: {public: true} };
    rpc Get(GetRequest) returns (Order);
    rpc Watch(GetRequest) returns (stream Order);
  }
  message GetRequest {}
  message Order {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id"
    };
    string id = 1;
    User buyer = 2 [(portico.v1.field) = {from: "user" allow: {role: "support"}}];
    string name = 3 [(portico.v1.field).from = "user.name"];
  }
  message User {
    option (portico.v1.message).join = {
      name: "firm" method: "in.Users/BatchGetFirms" key: "firm_id -> ids = firms.id" on_missing: FAIL
    };
    string firm = 1 [(portico.v1.field).from = "firm.name"];
  }
  `,
);

it.each(["Get", "Watch"])("%s: a row that nobody sees, and joins inside it, fail nothing", async (method) => {
  const order = { id: "o1", userId: "u1" };
  const answers = {
    "in.Orders/Get": () => order,
    "in.Orders/Watch": () => [order],
    "in.Users/BatchGetUsers": () => ({ users: [{ id: "u1", firmId: "gone", name: "Ann" }] }),
    "in.Users/BatchGetFirms": () => ({ firms: [] }),
  };
  const { run } = await shop;
  const denied = await run(answers, { method: `pub.Api/${method}`, claims: {}, roles: [] });
  expect(denied.error).toBeUndefined();
  expect(method === "Get" ? denied.response : denied.messages[0]).toEqual({ id: "o1", name: "Ann" });
  expect(denied.asked("in.Users/BatchGetFirms")).toEqual([]);
  const support = await run(answers, { method: `pub.Api/${method}`, claims: {}, roles: ["support"] });
  expect(support.error).toMatchObject({ code: 5 });
});
