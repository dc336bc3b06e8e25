import { describe, expect, it } from "vitest";
import { type Answers, failure, gateway, sleep, tick } from "../support/gateway.js";

const internal = `
  service Docs {
    rpc Get(GetRequest) returns (Doc);
    rpc GetA(GetRequest) returns (Doc);
    rpc GetB(GetRequest) returns (Doc);
    rpc Touch(GetRequest) returns (Doc);
    rpc Log(GetRequest) returns (Doc);
  }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); rpc BatchGetOthers(BatchGetUsersRequest) returns (Users_); }
  message GetRequest { string id = 1; }
  message Doc { string id = 1; string user_id = 2; User owner = 3; repeated User users = 4; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
`;
const method = (calls: string, response: string, options = "") =>
  gateway(
    internal,
    `
    service Api {
      option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
      rpc Get(GetRequest) returns (GetResponse) {
        ${calls
          .split("\n")
          .filter((call) => call.trim() !== "")
          .map((call) => `option (portico.v1.method).call = {${call}};`)
          .join("\n")}
        ${options}
      }
    }
    message GetRequest { string id = 1; }
    message Doc { string id = 1; }
    message User { string id = 1; string name = 2; }
    ${response}
    `,
  );
const doc = (id: string) => ({
  id,
  userId: `u${id}`,
  owner: { id: `o${id}` },
  users: [{ id: "1" }, { id: "2" }],
});
const answers: Answers = Object.fromEntries(
  ["Get", "GetA", "GetB", "Touch", "Log"].map((name) => [`in.Docs/${name}`, () => doc(name)]),
);
const users: Answers = {
  "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
    users: ids.map((id) => ({ id, name: `n${id}` })),
  }),
};
const order = (log: readonly string[]) =>
  log.map((entry) => entry.replace("in.Docs/", "").replace("in.Users/", ""));

describe("calls", () => {
  it("that are independent run side by side: none answers before all have started", async () => {
    const schema = await method(
      `method: "Get"
      name: "a" method: "GetA" set: "id = request.id"
      name: "b" method: "GetB" set: "id = request.id"`,
      'message GetResponse { string id = 1; Doc a = 2; string b = 3 [(portico.v1.field).from = "b.user_id"]; }',
    );
    let started = 0;
    let go = () => {};
    const all = new Promise<void>((resolve) => {
      go = resolve;
    });
    const together = (name: string) => async () => {
      if (++started === 3) go();
      await all;
      return doc(name);
    };
    const run = await schema.run(
      { "in.Docs/Get": together("s"), "in.Docs/GetA": together("a"), "in.Docs/GetB": together("b") },
      { request: { id: "7" } },
    );
    expect(run.response).toEqual({ id: "s", a: { id: "a" }, b: "ub" });
    expect(run.upstream.calls.map((call) => call.request)).toEqual([{ id: "7" }, { id: "7" }, { id: "7" }]);
  });

  it("that use another's result wait for it, and for nothing else", async () => {
    const schema = await method(
      `name: "a" method: "GetA" set: "id = request.id"
      name: "c" method: "Get" set: "id = a.user_id"
      name: "b" method: "GetB" set: "id = request.id"`,
      "message GetResponse { Doc c = 1; Doc a = 2; Doc b = 3; }",
    );
    const run = await schema.run(
      { ...answers, "in.Docs/GetB": () => sleep(30).then(() => doc("b")) },
      { request: { id: "7" } },
    );
    expect(run.error).toBeUndefined();
    expect(order(run.upstream.log)).toEqual(["+GetA", "+GetB", "-GetA", "+Get", "-Get", "-GetB"]);
    expect(run.asked("in.Docs/Get")).toEqual([{ id: "uGetA" }]);
  });

  it("a write waits for all before it, and all after it wait for the write", async () => {
    const schema = await method(
      `name: "a" method: "GetA" set: "id = request.id"
      name: "b" method: "GetB" set: "id = request.id"
      name: "t" method: "Touch" set: "id = request.id"
      method: "Get"`,
      "message GetResponse { string id = 1; }",
    );
    const run = await schema.run(answers, { request: { id: "7" } });
    expect(run.error).toBeUndefined();
    const log = order(run.upstream.log);
    expect(log.slice(0, 2)).toEqual(["+GetA", "+GetB"]);
    expect(log.slice(4)).toEqual(["+Touch", "-Touch", "+Get", "-Get"]);
  });

  it("two writes go one after the other, where the author says that this is fine", async () => {
    const calls = `method: "Touch"
      name: "log" method: "Log" set: "id = request.id"`;
    const response = "message GetResponse { string id = 1; }";
    await expect(method(calls, response)).rejects.toThrow("write-atomic");
    const schema = await method(calls, response, "option (portico.v1.method).non_atomic = true;");
    const run = await schema.run(answers, { request: { id: "7" } });
    expect(order(run.upstream.log)).toEqual(["+Touch", "-Touch", "+Log", "-Log"]);
    const failed = await schema.run(
      {
        ...answers,
        "in.Docs/Touch": () => {
          throw failure(9);
        },
      },
      { request: { id: "7" } },
    );
    expect(failed.error).toMatchObject({ code: 9, message: "failed precondition" });
    expect(order(failed.upstream.log)).toEqual(["+Touch", "-Touch"]);
  });

  it("`select` picks what a call stands for: the source, a message, a list, a scalar", async () => {
    const schema = await method(
      `method: "Get" select: "owner"
      name: "a" method: "GetA" select: "owner" set: "id = request.id"
      name: "b" method: "GetB" select: "users" set: "id = request.id"
      name: "c" method: "Get" select: "user_id" set: "id = request.id"`,
      `message GetResponse {
        string id = 1;
        User a = 2;
        repeated User b = 3;
        string c = 4;
        string a_id = 5 [(portico.v1.field).from = "a.id"];
        Nested nested = 6 [(portico.v1.field).from = "source"];
      }
      message Nested { string a_id = 1 [(portico.v1.field).from = "a.id"]; string id = 2; repeated User b = 3; }`,
    );
    const run = await schema.run(answers, { request: { id: "7" } });
    const list = [{ id: "1" }, { id: "2" }];
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({
      id: "oGet",
      a: { id: "oGetA" },
      b: list,
      c: "uGet",
      aId: "oGetA",
      nested: { aId: "oGetA", id: "oGet", b: list },
    });
  });

  it("a selected source that is not there is empty", async () => {
    const schema = await method('method: "Get" select: "owner"', "message GetResponse { string id = 1; }");
    const run = await schema.run({ "in.Docs/Get": () => ({ id: "x" }) });
    expect(run.response).toEqual({});
  });
});

describe("calls and joins", () => {
  const join = (key: string, upstream = "BatchGetUsers", name = "user") => `
    option (portico.v1.message).join = {
      name: "${name}" method: "in.Users/${upstream}" key: "${key} -> ids = users.id"
    };`;

  it("a join starts as soon as its keys are there, and waits for no call that it does not read", async () => {
    const schema = await method(
      `method: "Get"
      name: "a" method: "GetA" set: "id = request.id"`,
      `message GetResponse { ${join("user_id")} User user = 1; string a = 2 [(portico.v1.field).from = "a.id"]; }`,
    );
    const run = await schema.run({
      ...answers,
      ...users,
      "in.Docs/GetA": async () => {
        await sleep(30);
        return doc("a");
      },
    });
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual({ user: { id: "uGet", name: "nuGet" }, a: "a" });
    expect(order(run.upstream.log)).toEqual([
      "+Get",
      "+GetA",
      "-Get",
      "+BatchGetUsers",
      "-BatchGetUsers",
      "-GetA",
    ]);
  });

  it("joins by keys of different calls, and of the request, each when it can", async () => {
    const schema = await method(
      `method: "Get"
      name: "a" method: "GetA" set: "id = request.id"
      name: "b" method: "GetB" set: "id = a.id"`,
      `message GetResponse {
        ${join("user_id")}
        ${join("a.user_id", "BatchGetUsers", "of_a")}
        ${join("request.id", "BatchGetOthers", "of_request")}
        ${join("of_a.id", "BatchGetOthers", "again")}
        ${join("b.user_id", "BatchGetOthers", "of_b")}
        string user = 1 [(portico.v1.field).from = "user.name"];
        string of_a = 2 [(portico.v1.field).from = "of_a.name"];
        string of_request = 3 [(portico.v1.field).from = "of_request.name"];
        User again = 4;
        repeated Inner inner = 5 [(portico.v1.field).from = "users"];
        string of_b = 6 [(portico.v1.field).from = "of_b.name"];
      }
      message Inner {
        ${join("id")}
        ${join("a.user_id", "BatchGetUsers", "of_a")}
        Leaf leaf = 1 [(portico.v1.field).from = "user"];
        string of_a = 2 [(portico.v1.field).from = "of_a.name"];
      }
      message Leaf {
        ${join("b.user_id", "BatchGetOthers", "of_b")}
        ${join("request.id", "BatchGetOthers", "of_request")}
        string of_b = 1 [(portico.v1.field).from = "of_b.name"];
        string of_request = 2 [(portico.v1.field).from = "of_request.name"];
        string name = 3;
      }`,
    );
    const others = ({ ids }: { ids: string[] }) => ({ users: ids.map((id) => ({ id, name: `o${id}` })) });
    const run = await schema.run(
      { ...answers, ...users, "in.Users/BatchGetOthers": others },
      { request: { id: "7" } },
    );
    expect(run.error).toBeUndefined();
    const inner = (id: string) => ({
      leaf: { name: `n${id}`, ofB: "ouGetB", ofRequest: "o7" },
      ofA: "nuGetA",
    });
    expect(run.response).toEqual({
      user: "nuGet",
      ofA: "nuGetA",
      ofRequest: "o7",
      again: { id: "uGetA", name: "ouGetA" },
      inner: [inner("1"), inner("2")],
      ofB: "ouGetB",
    });
  });

  it("the first failure cancels everything else, and is the one that the client sees", async () => {
    const schema = await method(
      `method: "Get"
      name: "a" method: "GetA" set: "id = request.id"
      name: "b" method: "GetB" set: "id = request.id"`,
      `message GetResponse { ${join("user_id")} User user = 1; Doc a = 2; Doc b = 3; }`,
    );
    const cancelled: string[] = [];
    const run = await schema.run({
      "in.Docs/Get": () => doc("s"),
      "in.Users/BatchGetUsers": () => new Promise(() => {}),
      "in.Docs/GetA": async (_, context) => {
        context.onCancel(() => cancelled.push("a"));
        return new Promise(() => {});
      },
      "in.Docs/GetB": async () => {
        await sleep(20);
        throw failure(10);
      },
    });
    expect(run.error).toMatchObject({ code: 10, message: "aborted" });
    expect(cancelled).toEqual(["a"]);
    expect(run.upstream.log.filter((entry) => entry.startsWith("x")).sort()).toEqual([
      "xin.Docs/GetA",
      "xin.Users/BatchGetUsers",
    ]);
    expect(run.upstream.inFlight).toBe(0);
  });

  it("a join that fails cancels the calls that still run", async () => {
    const schema = await method(
      `method: "Get"
      name: "a" method: "GetA" set: "id = request.id"`,
      `message GetResponse { ${join("user_id")} User user = 1; Doc a = 2; }`,
    );
    const run = await schema.run({
      "in.Docs/Get": () => doc("s"),
      "in.Users/BatchGetUsers": () => tick().then(() => Promise.reject(failure(8))),
      "in.Docs/GetA": () => new Promise(() => {}),
    });
    expect(run.error).toMatchObject({ code: 8, message: "resource exhausted" });
    expect(run.upstream.log).toContain("xin.Docs/GetA");
    expect(run.call.listeners).toBe(0);
  });
});
