import { describe, expect, it } from "vitest";
import { failure, gateway, sleep } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Get(GetRequest) returns (Doc); rpc GetSlow(GetRequest) returns (Doc); }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message GetRequest { string id = 1; }
  message Doc { string id = 1; string user_id = 2; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Get(GetRequest) returns (Doc);
    rpc GetSlow(GetRequest) returns (SlowDoc) {
      option (portico.v1.method).call = {method: "GetSlow" timeout: "30ms"};
    }
    rpc GetJoined(GetRequest) returns (JoinedDoc) {
      option (portico.v1.method).call = {method: "Get"};
    }
  }
  message GetRequest { string id = 1; }
  message Doc { string id = 1; }
  message SlowDoc { string id = 1; }
  message JoinedDoc {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" timeout: "30ms"
    };
    string name = 1 [(portico.v1.field).from = "user.name"];
  }
  `,
);

// What a client is told of each code of an upstream: never its text.
const table: Array<[upstream: number, code: number, message: string]> = [
  [0, 13, "internal error"],
  [1, 14, "unavailable"],
  [2, 13, "internal error"],
  [3, 13, "internal error"],
  [4, 4, "deadline exceeded"],
  [5, 5, "not found"],
  [6, 6, "already exists"],
  [7, 13, "internal error"],
  [8, 8, "resource exhausted"],
  [9, 9, "failed precondition"],
  [10, 10, "aborted"],
  [11, 11, "out of range"],
  [12, 13, "internal error"],
  [13, 13, "internal error"],
  [14, 14, "unavailable"],
  [15, 13, "internal error"],
  [16, 13, "internal error"],
  [99, 13, "internal error"],
];

describe("the error of an upstream", () => {
  it.each(table)("%i is %i to the client: %s", async (upstream, code, message) => {
    const fail = () => {
      throw failure(upstream, "secret of 10.0.0.7");
    };
    const run = await (await schema).run({ "in.Docs/Get": fail });
    expect(run.error).toMatchObject({ code, message });
    expect(String(run.error)).not.toContain("secret");
    const joined = await (await schema).run(
      { "in.Docs/Get": () => ({ userId: "u" }), "in.Users/BatchGetUsers": fail },
      { method: "pub.Api/GetJoined" },
    );
    // The join has a timeout of its own: a DEADLINE_EXCEEDED is the upstream's trouble.
    expect(joined.error).toMatchObject(
      upstream === 4 ? { code: 14, message: "unavailable" } : { code, message },
    );
    expect(run.call.listeners + joined.call.listeners).toBe(0);
  });

  it("whatever else is thrown is INTERNAL", async () => {
    const run = await (await schema).run({
      "in.Docs/Get": () => {
        throw new TypeError("secret");
      },
    });
    expect(run.error).toMatchObject({ code: 13, message: "internal error" });
  });
});

describe("time", () => {
  const slow = () => sleep(200).then(() => ({}));

  it("a call's own timeout is a slow upstream: UNAVAILABLE", async () => {
    const run = await (await schema).run({ "in.Docs/GetSlow": slow }, { method: "pub.Api/GetSlow" });
    expect(run.error).toMatchObject({ code: 14, message: "unavailable" });
  });

  it("a join's own timeout, too", async () => {
    const run = await (await schema).run(
      { "in.Docs/Get": () => ({ userId: "u" }), "in.Users/BatchGetUsers": slow },
      { method: "pub.Api/GetJoined" },
    );
    expect(run.error).toMatchObject({ code: 14, message: "unavailable" });
  });

  it("the upstream that ends by itself just before a call's own timeout, too", async () => {
    const run = await (await schema).run(
      {
        "in.Docs/GetSlow": () => {
          throw failure(4);
        },
      },
      { method: "pub.Api/GetSlow" },
    );
    expect(run.error).toMatchObject({ code: 14, message: "unavailable" });
  });

  it("the client's deadline is DEADLINE_EXCEEDED, also where a call's timeout is longer", async () => {
    for (const method of ["pub.Api/Get", "pub.Api/GetSlow"]) {
      const run = await (await schema).run(
        { "in.Docs/Get": slow, "in.Docs/GetSlow": slow },
        { method, timeoutMs: 10 },
      );
      expect(run.error).toMatchObject({ code: 4, message: "deadline exceeded" });
    }
  });

  it("each call gets the earlier of its own timeout and the client's deadline", async () => {
    const deadlines: number[] = [];
    const start = Date.now();
    await (await schema).run(
      {
        "in.Docs/Get": (_, context) => {
          deadlines.push(context.deadlineMs - start);
          return { userId: "u" };
        },
        "in.Users/BatchGetUsers": (_, context) => {
          deadlines.push(context.deadlineMs - start);
          return {};
        },
      },
      { method: "pub.Api/GetJoined", timeoutMs: 5000 },
    );
    expect(deadlines[0]).toBeGreaterThanOrEqual(5000);
    expect(deadlines[1]).toBeGreaterThanOrEqual(30);
    expect(deadlines[1]).toBeLessThan(5000);
  });
});
