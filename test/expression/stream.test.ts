import { describe, expect, it } from "vitest";
import { type Answers, gateway } from "../support/gateway.js";

const watched = (ensure: string, calls = "", fields = "") =>
  gateway(
    `
    service Docs { rpc Watch(WatchRequest) returns (stream Doc); }
    service Users { rpc GetUser(GetUserRequest) returns (User); rpc BatchGetUsers(BatchGetRequest) returns (Users_); }
    message WatchRequest { string topic = 1; }
    message GetUserRequest { string id = 1; }
    message BatchGetRequest { repeated string ids = 1; }
    message Doc { string id = 1; string owner = 2; }
    message User { string id = 1; string name = 2; bool admin = 3; }
    message Users_ { repeated User users = 1; }
    `,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {authenticated: true} };
      rpc Watch(WatchRequest) returns (stream Doc) {
        option (portico.v1.method) = { call: {method: "Watch" effect: READ} ${calls} ensure: {that: ${JSON.stringify(ensure)}} };
      }
    }
    message WatchRequest { string topic = 1; }
    message Doc {
      option (portico.v1.message).join = {
        name: "user" method: "in.Users/BatchGetUsers" key: "owner -> ids = users.id" on_missing: FAIL
      };
      string id = 1; ${fields}
    }
    `,
  );
const docs = ["u1", "u1", "u2", "u1"].map((owner, i) => ({ id: `d${i}`, owner }));
const answers: Answers = {
  "in.Docs/Watch": () => docs,
  "in.Users/GetUser": ({ id }) => ({ id, name: id, admin: id === "root" }),
  "in.Users/BatchGetUsers": ({ ids }) => ({
    users: ids.map((id: string) => ({ id, name: id, admin: id === "u1" })),
  }),
};
const user = (name: string, set: string) =>
  `call: {name: "${name}" method: "in.Users/GetUser" set: "id = ${set}"}`;

describe("an ensure of a method that streams", () => {
  it("looks at each message", async () => {
    const { run } = await watched("source.owner == auth.subject");
    const { messages, error } = await run(answers, { claims: {}, subject: "u1" });
    expect(messages).toEqual([{ id: "d0" }, { id: "d1" }]);
    expect(error?.code).toBe(5);
  });
  it("looks at each message before joins on it are asked for", async () => {
    const { run } = await watched(
      "owner == auth.subject",
      "",
      'string name = 2 [(portico.v1.field).from = "user.name"];',
    );
    const { messages, error, asked } = await run(
      { ...answers, "in.Docs/Watch": () => [docs[2], docs[0]] },
      { claims: {}, subject: "u1" },
    );
    expect(messages).toEqual([]);
    expect(error?.code).toBe(5);
    expect(
      asked("in.Users/BatchGetUsers").flatMap((request) => (request as { ids: string[] }).ids),
    ).not.toContain("u2");
  });
  it("reads joins on each message", async () => {
    const { run } = await watched("user.admin");
    const { messages, error } = await run(answers, { claims: {} });
    expect(messages).toEqual([{ id: "d0" }, { id: "d1" }]);
    expect(error?.code).toBe(5);
  });
  it.each([
    ["one", user("one", "auth.subject")],
    ["one", `${user("one", "auth.subject")} ${user("two", "request.topic")}`],
  ])("keeps the stream closed until other calls have answered", async (name, calls) => {
    const { run } = await watched(`${name}.admin`, calls);
    const denied = await run(answers, { claims: {}, subject: "u1", request: { topic: "t" } });
    expect(denied.error?.code).toBe(5);
    expect(denied.asked("in.Docs/Watch")).toEqual([]);
    const fine = await run(answers, { claims: {}, subject: "root", request: { topic: "t" } });
    expect(fine.messages).toHaveLength(4);
  });
});
