import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encoded, failure, gateway, sleep } from "../support/gateway.js";

const schema = gateway(
  `
  service Docs { rpc Get(Empty) returns (Docs_); }
  service Users { rpc GetUser(GetUserRequest) returns (User); rpc BatchGetUsers(BatchGetUsersRequest) returns (Users_); }
  message Empty {}
  message Docs_ { repeated Doc docs = 1; }
  message Doc { string user_id = 1; }
  message GetUserRequest { string id = 1; }
  message BatchGetUsersRequest { repeated string ids = 1; }
  message User { string id = 1; string name = 2; }
  message Users_ { repeated User users = 1; }
  `,
  `
  service Api {
    option (portico.v1.service) = { from: "in.Docs" allow: {public: true} };
    rpc Each(GetRequest) returns (Each_) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Batch(GetRequest) returns (Batch_) { option (portico.v1.method).call = {method: "Get"}; }
    rpc Rows(GetRequest) returns (Rows_) { option (portico.v1.method).call = {method: "Get"}; }
  }
  message GetRequest {}
  message Each_ { repeated EachDoc docs = 1; }
  message EachDoc {
    option (portico.v1.message).join = { name: "user" method: "in.Users/GetUser" key: "user_id -> id" max_keys: 500 };
    string name = 1 [(portico.v1.field).from = "user.name"];
  }
  message Batch_ { repeated BatchDoc docs = 1; }
  message BatchDoc {
    option (portico.v1.message).join = { name: "user" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" };
    string name = 1 [(portico.v1.field).from = "user.name"];
    User user = 2;
  }
  message User { string name = 1; }
  message Rows_ { repeated RowsDoc docs = 1; }
  message RowsDoc {
    option (portico.v1.message).join = {
      name: "users" method: "in.Users/BatchGetUsers" key: "user_id -> ids = users.id" max_rows: 3 max_keys: 2
    };
    repeated User users = 1;
  }
  `,
);
const docs =
  (n: number, id = (i: number) => `u${i}`) =>
  () => ({
    docs: Array.from({ length: n }, (_, i) => ({ userId: id(i) })),
  });

const unhandled: unknown[] = [];
const note = (thrown: unknown) => unhandled.push(thrown);
beforeAll(() => {
  process.on("unhandledRejection", note);
});
afterAll(async () => {
  await sleep(20);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

describe("bounds of a request", () => {
  it("64 upstream calls at once; the others wait, and none is lost", async () => {
    const run = await (await schema).run(
      { "in.Docs/Get": docs(200), "in.Users/GetUser": ({ id }) => sleep(2).then(() => ({ name: `n${id}` })) },
      { method: "pub.Api/Each" },
    );
    expect(run.error).toBeUndefined();
    expect(run.upstream.peak).toBe(64);
    expect(run.response.docs).toEqual(Array.from({ length: 200 }, (_, i) => ({ name: `nu${i}` })));
    expect(run.call.listeners).toBe(0);
  });

  it("a failure while calls wait: none of those is made", async () => {
    let calls = 0;
    const run = await (await schema).run(
      {
        "in.Docs/Get": docs(200),
        "in.Users/GetUser": async () => {
          if (++calls === 10) throw failure(14);
          return new Promise(() => {});
        },
      },
      { method: "pub.Api/Each" },
    );
    expect(run.error).toMatchObject({ code: 14 });
    expect(run.asked("in.Users/GetUser")).toHaveLength(64);
    expect(run.upstream.inFlight).toBe(0);
    expect(run.call.listeners).toBe(0);
  });

  it("a client that leaves while calls wait: the same", async () => {
    const run = await (await schema).run(
      { "in.Docs/Get": docs(200), "in.Users/GetUser": () => new Promise(() => {}) },
      { method: "pub.Api/Each", timeoutMs: 40 },
    );
    expect(run.error).toMatchObject({ code: 4, message: "deadline exceeded" });
    expect(run.asked("in.Users/GetUser")).toHaveLength(64);
    expect(run.upstream.inFlight).toBe(0);
    expect(run.call.listeners).toBe(0);
  });

  it("so many upstream calls in all", async () => {
    const run = await (await schema).run(
      { "in.Docs/Get": docs(20), "in.Users/GetUser": () => ({}) },
      { method: "pub.Api/Each", limits: { maxCalls: 20 } },
    );
    expect(run.error).toMatchObject({ code: 8, message: "the request needs too many upstream calls" });
    expect(run.upstream.calls.length).toBeLessThanOrEqual(20);
    expect(run.upstream.inFlight).toBe(0);
  });

  it("so many bytes from upstreams", async () => {
    const name = "x".repeat(1000);
    const run = await (await schema).run(
      { "in.Docs/Get": docs(100), "in.Users/GetUser": () => ({ name }) },
      { method: "pub.Api/Each", limits: { maxUpstreamBytes: 50_000 } },
    );
    expect(run.error).toMatchObject({ code: 8, message: "the request needs too much upstream data" });
  });

  it("a large value that is written into many rows: RESOURCE_EXHAUSTED, and memory stays bounded", async () => {
    const { compiled } = await schema;
    const reply = encoded(compiled.registry, "in.Users_", {
      users: [{ id: "u", name: "x".repeat(1 << 20) }],
    });
    const source = encoded(compiled.registry, "in.Docs_", docs(10_000, () => "u")());
    const before = process.memoryUsage();
    const run = await (await schema).run(
      { "in.Docs/Get": () => source, "in.Users/BatchGetUsers": () => reply },
      { method: "pub.Api/Batch" },
    );
    const after = process.memoryUsage();
    expect(run.error).toMatchObject({ code: 8, message: "message too long" });
    // 10,000 rows of 2 MiB would be 20 GiB.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(128 << 20);
  });

  it("rows of a join, found and asking", async () => {
    const users = ({ ids }: { ids: string[] }) => ({ users: ids.flatMap((id) => [{ id }, { id }]) });
    const answers = (n: number, id?: (i: number) => string) => ({
      "in.Docs/Get": docs(n, id),
      "in.Users/BatchGetUsers": users,
    });
    const method = "pub.Api/Rows";
    const fine = await (await schema).run(
      answers(3, () => "u"),
      { method },
    );
    expect(fine.response.docs).toHaveLength(3);
    const asking = await (await schema).run(
      answers(4, () => "u"),
      { method },
    );
    expect(asking.error).toMatchObject({ code: 8, message: "the request needs too many rows" });
    const found = await (await schema).run(answers(2), { method });
    expect(found.error).toMatchObject({ code: 8, message: "the request needs too many rows" });
    const keys = await (await schema).run(answers(3), { method });
    expect(keys.error).toMatchObject({ code: 8, message: "the request needs too many keys" });
    expect(keys.asked("in.Users/BatchGetUsers")).toEqual([]);
  });

  it("a batch is split by bytes, far below what servers accept", async () => {
    const long = (i: number) => `${i}`.padEnd(300_000, "x");
    const run = await (await schema).run(
      {
        "in.Docs/Get": docs(8, long),
        "in.Users/BatchGetUsers": ({ ids }) => ({
          users: ids.map((id: string) => ({ id, name: id.slice(0, 1) })),
        }),
      },
      { method: "pub.Api/Batch" },
    );
    expect(run.error).toBeUndefined();
    expect(run.response.docs.map((doc: { name: string }) => doc.name).join("")).toBe("01234567");
    const sizes = run.asked("in.Users/BatchGetUsers").map((asked) => (asked as { ids: string[] }).ids.length);
    expect(sizes).toEqual([3, 3, 2]);
  });

  it("one key that is over the bound of bytes by itself is asked for alone", async () => {
    const run = await (await schema).run(
      {
        "in.Docs/Get": docs(3, (i) => (i === 1 ? "b".repeat(1_200_000) : `u${i}`)),
        "in.Users/BatchGetUsers": () => ({}),
      },
      { method: "pub.Api/Batch" },
    );
    expect(run.error).toBeUndefined();
    expect(run.asked("in.Users/BatchGetUsers")).toHaveLength(3);
  });
});
