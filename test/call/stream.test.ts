import { describe, expect, it } from "vitest";
import { failure, gateway, tick } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Watch(WatchRequest) returns (stream Event); rpc GetA(WatchRequest) returns (Doc); rpc GetB(WatchRequest) returns (Doc); }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message WatchRequest { string topic = 1; }
  message Doc { string id = 1; }
  message Event { repeated Row rows = 1; }
  message Row { string user_id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; string topic = 2; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Watch(WatchRequest) returns (stream Event);
    rpc WatchAll(WatchRequest) returns (stream Noted) {
      option (portico.v1.method).call = {method: "Watch"};
      option (portico.v1.method).call = {name: "a" method: "GetA" set: "topic = request.topic"};
      option (portico.v1.method).call = {name: "b" method: "GetB" set: "topic = request.topic"};
    }
  }
  message WatchRequest { string topic = 1; }
  message Event { repeated Row rows = 1; }
  message Noted { string a = 1 [(portico.v1.field).from = "a.id"]; string b = 2 [(portico.v1.field).from = "b.id"]; repeated Row rows = 3; }
  message Row {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" set: "topic = request.topic"
    };
    string name = 1 [(portico.v1.field).from = "user.name"];
  }
  `,
);
const strict = gateway(
  `
  service Docs { rpc Watch(WatchRequest) returns (stream Event); }
  service Users { rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message WatchRequest {}
  message Event { repeated Row rows = 1; }
  message Row { string user_id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Watch(WatchRequest) returns (stream Event);
  }
  message WatchRequest {}
  message Event { repeated Row rows = 1; }
  message Row {
    option (portico.v1.message).join = {
      name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" on_missing: FAIL
    };
    string name = 1 [(portico.v1.field).from = "user.name"];
  }
  `,
);
const event = (...ids: string[]) => ({ rows: ids.map((userId) => ({ userId })) });
const users = {
  "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
    users: [...ids].reverse().map((id) => ({ id, name: `n${id}` })),
  }),
};

describe("a stream", () => {
  it("joins each message, in order", async () => {
    const run = await (await schema).run(
      { ...users, "in.Docs/Watch": () => [event("a", "b", "a"), event(), event("c", "a")] },
      { request: { topic: "t" } },
    );
    expect(run.error).toBeUndefined();
    const rows = (...ids: string[]) => ({ rows: ids.map((id) => ({ name: `n${id}` })) });
    expect(run.response).toEqual([rows("a", "b", "a"), {}, rows("c", "a")]);
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([
      { ids: ["a", "b"], topic: "t" },
      { ids: ["c", "a"], topic: "t" },
    ]);
  });

  it("has its named calls before it, side by side", async () => {
    let go = () => {};
    const both = new Promise<void>((resolve) => {
      go = resolve;
    });
    let started = 0;
    const together = (id: string) => async () => {
      if (++started === 2) go();
      await both;
      return { id };
    };
    const run = await (await schema).run(
      {
        ...users,
        "in.Docs/Watch": () => [event("x"), event()],
        "in.Docs/GetA": together("1"),
        "in.Docs/GetB": together("2"),
      },
      { method: "pub.Api/WatchAll" },
    );
    expect(run.error).toBeUndefined();
    expect(run.response).toEqual([
      { a: "1", b: "2", rows: [{ name: "nx" }] },
      { a: "1", b: "2" },
    ]);
  });

  it("that the client leaves cancels the upstream's", async () => {
    const run = await (await schema).run(
      { ...users, "in.Docs/Watch": () => Array.from({ length: 100 }, () => event("a")) },
      { take: 2 },
    );
    expect(run.response).toHaveLength(2);
    expect(run.upstream.log.at(-1)).toBe("xin.Docs/Watch");
    expect(run.upstream.inFlight).toBe(0);
    expect(run.call.listeners).toBe(0);
  });

  it("ends with the error of its upstream, and with that of a join", async () => {
    const broken = await (await schema).run({ ...users, "in.Docs/Watch": () => [event("a"), failure(14)] });
    expect(broken.error).toMatchObject({ code: 14, message: "unavailable" });
    const join = await (await schema).run({
      "in.Docs/Watch": () => Array.from({ length: 100 }, () => event("a")),
      "in.Users/BatchGetUsers": () => {
        throw failure(6);
      },
    });
    expect(join.error).toMatchObject({ code: 6, message: "already exists" });
    expect(join.upstream.log.at(-1)).toBe("xin.Docs/Watch");
  });

  it("has its budget of calls and bytes for each message", async () => {
    const name = "x".repeat(600);
    const run = await (await schema).run(
      {
        "in.Docs/Watch": () => Array.from({ length: 20 }, (_, i) => event(`u${i}`)),
        "in.Users/BatchGetUsers": ({ ids }) => ({ users: ids.map((id: string) => ({ id, name })) }),
      },
      { limits: { maxCalls: 3, maxUpstreamBytes: 1000 } },
    );
    expect(run.error).toBeUndefined();
    expect(run.response).toHaveLength(20);
    expect(run.call.upstreamCalls).toBe(21);
  });

  it("a malformed message is INTERNAL", async () => {
    const run = await (await schema).run({ ...users, "in.Docs/Watch": () => [new Uint8Array([10, 5])] });
    expect(run.error).toMatchObject({ code: 13 });
  });

  /** Gives messages as fast as they are taken, all in one tick if need be; notes how many were. */
  function burst(messages: readonly unknown[], end: () => Promise<void> = async () => {}) {
    const given = { count: 0 };
    const answer = async function* () {
      for (const message of messages) {
        given.count++;
        yield message;
      }
      await end();
    };
    return { given, answer };
  }

  it("shares the calls of messages that arrive in one tick, and keeps their order", async () => {
    const { answer } = burst([event("a", "b"), event(), event("b", "c"), event("a")]);
    const run = await (await schema).run({ ...users, "in.Docs/Watch": answer }, { request: { topic: "t" } });
    const rows = (...ids: string[]) => ({ rows: ids.map((id) => ({ name: `n${id}` })) });
    expect(run.response).toEqual([rows("a", "b"), {}, rows("b", "c"), rows("a")]);
    expect(run.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["a", "b", "c"], topic: "t" }]);
    expect(run.call.listeners).toBe(0);
  });

  it("reads no more than 16 messages ahead of its client", async () => {
    const { given, answer } = burst(Array.from({ length: 100 }, (_, i) => event(`u${i}`)));
    const gateway = await schema;
    const seen: number[] = [];
    const run = await gateway.run(
      {
        ...users,
        "in.Docs/Watch": answer,
      },
      {
        onMessage: async () => {
          for (let i = 0; i < 10; i++) await tick();
          seen.push(given.count);
        },
      },
    );
    expect(run.response).toHaveLength(100);
    // The one that the client has, and those behind it.
    seen.forEach((count, i) => {
      expect(count).toBeLessThanOrEqual(i + 16);
    });
    expect(seen[0]).toBe(16);
    // So each tick's messages share a call.
    expect(run.asked("in.Users/BatchGetUsers").length).toBeLessThan(100);
  });

  it("gives what came before a failure: of a message, or of the upstream", async () => {
    const missing = await (await strict).run({
      ...users,
      "in.Docs/Watch": burst([event("a"), event("gone"), event("b")]).answer,
      "in.Users/BatchGetUsers": ({ ids }) => ({
        users: ids.filter((id: string) => id !== "gone").map((id: string) => ({ id, name: id })),
      }),
    });
    expect(missing.error).toMatchObject({ code: 5, message: "not found" });
    expect(missing.messages).toEqual([{ rows: [{ name: "a" }] }]);
    expect(missing.asked("in.Users/BatchGetUsers")).toEqual([{ ids: ["a", "gone", "b"] }]);
    const broken = await (await schema).run({
      ...users,
      "in.Docs/Watch": burst([event("a"), event("b"), failure(14)]).answer,
    });
    expect(broken.error).toMatchObject({ code: 14, message: "unavailable" });
    expect(broken.messages).toHaveLength(2);
    for (const run of [missing, broken]) {
      expect(run.upstream.inFlight).toBe(0);
      expect(run.call.listeners).toBe(0);
    }
  });

  it("fails with the failure of a shared call, once", async () => {
    const run = await (await schema).run({
      "in.Docs/Watch": burst([event("a"), event("b")], () => new Promise(() => {})).answer,
      "in.Users/BatchGetUsers": () => {
        throw failure(6);
      },
    });
    expect(run.error).toMatchObject({ code: 6, message: "already exists" });
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(1);
    expect(run.upstream.log.at(-1)).toBe("xin.Docs/Watch");
    expect(run.upstream.inFlight).toBe(0);
  });

  it("has the budgets of the messages that share calls together", async () => {
    const name = "x".repeat(600);
    const named = {
      "in.Users/BatchGetUsers": ({ ids }: { ids: string[] }) => ({ users: ids.map((id) => ({ id, name })) }),
    };
    const events = Array.from({ length: 8 }, (_, i) => event(`u${i}`));
    const limits = { maxCalls: 1, maxUpstreamBytes: 1000 };
    const run = await (await schema).run({ ...named, "in.Docs/Watch": burst(events).answer }, { limits });
    expect(run.error).toBeUndefined();
    expect(run.response).toHaveLength(8);
    const tooMuch = await (await schema).run(
      { ...named, "in.Docs/Watch": burst([event("a", "b")]).answer },
      { limits },
    );
    expect(tooMuch.error).toMatchObject({ code: 8 });
  });
});
